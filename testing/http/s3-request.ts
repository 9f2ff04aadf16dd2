import type { Body, ReadBodyOptions } from '../body/read-body.ts'
import type { Store } from '../store/store.ts'
import type { Headers } from './headers.ts'

/** Operation, bucket and key of a request, derived from its method, path, query and headers. */
export interface Target {
  readonly operation: string
  readonly bucket: string
  readonly key: string
  readonly query: URLSearchParams
}

/** An authenticated request, as an operation receives it. */
export interface S3Request extends Target {
  /** Request headers, and the x-amz-* query parameters of a presigned URL, which replace headers. */
  readonly headers: Headers
  readonly store: Store
  readBody(options: Pick<ReadBodyOptions, 'compute'>): Promise<Body>
  /** Reads an XML body into a string. */
  readText(): Promise<string>
}

export interface Reply {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | number | undefined>>
  /** An array of buffers needs a `content-length` in `headers`. */
  readonly body?: string | Buffer | readonly Buffer[]
  /** True if the response is not from S3, so it gets no headers of S3. */
  readonly foreign?: boolean
}

export type Operation = (request: S3Request) => Reply | Promise<Reply>

export function xmlReply(body: string, headers: Reply['headers'] = {}): Reply {
  return { status: 200, headers: { 'content-type': 'application/xml', ...headers }, body }
}
