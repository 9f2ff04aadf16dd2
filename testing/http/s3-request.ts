import type { Body, ReadBodyOptions } from '../body/read-body.ts'
import type { Store } from '../store/store.ts'
import type { Headers } from './headers.ts'

/** Where a request goes, read from its method, path, query and headers. */
export interface Target {
  readonly operation: string
  readonly bucket: string
  readonly key: string
  readonly query: URLSearchParams
}

/** What an operation gets to see: a request whose signature is right. */
export interface S3Request extends Target {
  /** As sent, and the x-amz-* parameters of a presigned URL, which stand for headers. */
  readonly headers: Headers
  readonly store: Store
  readBody(options: Pick<ReadBodyOptions, 'compute'>): Promise<Body>
  /** Reads a small body as text: the XML of an operation. */
  readText(): Promise<string>
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | number | undefined>>
  /** Pieces of an object need a `content-length` among the headers. */
  readonly body?: string | readonly Buffer[]
}

export type Operation = (request: S3Request) => Reply | Promise<Reply>

export function xmlReply(body: string, headers: Reply['headers'] = {}): Reply {
  return { status: 200, headers: { 'content-type': 'application/xml', ...headers }, body }
}
