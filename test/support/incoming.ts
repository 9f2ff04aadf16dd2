import { Readable } from 'node:stream'
import type { IncomingRequest } from '../../src/shared/types.ts'
import { FORM_TYPE } from './form-body.ts'

/** A request without a connection: chunks as they are given, and headers. */
export function incoming(chunks: Iterable<Buffer> | AsyncIterable<Buffer>, headers = {}): IncomingRequest {
  const stream = Readable.from(chunks, { objectMode: false })
  return Object.assign(stream, { headers: { 'content-type': FORM_TYPE, ...headers } })
}

export function* slices(buffer: Buffer, size: number): Generator<Buffer> {
  for (let offset = 0; offset < buffer.length; offset += size) yield buffer.subarray(offset, offset + size)
}
