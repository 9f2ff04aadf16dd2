import type { Headers } from './http/headers.ts'
import type { Target } from './http/s3-request.ts'
import type { RecordedRequest } from './types.ts'

/** A record whose `status` is set when the server responds. */
export type OpenRecord = Omit<RecordedRequest, 'status'> & { status?: number }

export class RequestLog {
  readonly records: OpenRecord[] = []
  readonly #max: number
  readonly #counts = new Map<string, number>()

  /** `max`: the number of records that the log keeps. */
  constructor(max: number) {
    this.#max = max
  }

  add(method: string, { operation, bucket, key, query }: Target, headers: Headers): OpenRecord {
    const n = (this.#counts.get(operation) ?? 0) + 1
    this.#counts.set(operation, n)
    const partNumber = query.get('partNumber')
    const record: OpenRecord = {
      operation,
      method,
      bucket,
      key,
      partNumber: partNumber === null ? undefined : Number(partNumber),
      uploadId: query.get('uploadId') ?? undefined,
      n,
      size: Number(headers['x-amz-decoded-content-length'] ?? headers['content-length'] ?? 0),
      headers,
      status: undefined,
    }
    this.records.push(record)
    if (this.records.length > this.#max) this.records.shift()
    return record
  }

  reset(): void {
    this.records.length = 0
    this.#counts.clear()
  }
}
