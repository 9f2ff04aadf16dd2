import type { Loan } from '../memory/memory-budget.ts'
import { BodyDigest, type Digests } from '../s3/body-digest.ts'
import type { Payload } from '../s3/payload.ts'
import { metadataOf } from '../s3/s3-errors.ts'

/** The body of one request: its bytes, the loan that they lie in, and their digests. An empty file has no loan. */
export interface PartBody {
  bytes: Buffer
  loan: Loan | undefined
  digests: Digests
}

/** Collects the bytes of the next S3 part, or a whole small file, in memory lent by the budget. */
export class PartBuffer {
  payload: Payload = { checksum: undefined, signed: false }
  readonly #partSize: number
  #loan: Loan | undefined
  #filled = 0
  #digest: BodyDigest | undefined

  constructor(partSize: number) {
    this.#partSize = partSize
  }

  /** True if this buffer has memory. */
  get isLent(): boolean {
    return this.#loan !== undefined
  }

  /** Bytes that still fit: 0 without memory. */
  get room(): number {
    return this.#loan ? Math.min(this.#loan.buffer.length, this.#partSize) - this.#filled : 0
  }

  use(loan: Loan): void {
    this.#loan = loan
  }

  /** Copies a chunk, which must fit. */
  append(chunk: Buffer): void {
    chunk.copy((this.#loan as Loan).buffer, this.#filled)
    this.#digest ??= new BodyDigest(this.payload)
    this.#digest.update(chunk)
    this.#filled += chunk.length
  }

  /** Returns everything collected, with its loan. The buffer is empty and without memory then. */
  take(): PartBody {
    const loan = this.#loan
    const bytes = loan?.buffer.subarray(0, this.#filled) ?? Buffer.alloc(0)
    const digest = this.#digest ?? new BodyDigest(this.payload)
    this.#loan = undefined
    this.#filled = 0
    this.#digest = undefined
    return { bytes, loan, digests: digest.end() }
  }

  /** Releases the memory that the bytes do not need. Returns the number of bytes still lent. */
  shrink(): number {
    this.#loan?.shrink(this.#filled)
    return this.#loan?.buffer.length ?? 0
  }

  /** Drops the bytes. Only for memory that no socket reads. */
  release(): void {
    this.#loan?.release()
    this.#loan = undefined
  }
}

/**
 * Sends a body and ends its loan. Only memory of a request that S3 confirmed at the first attempt is lent again: after
 * a failure or a retry, a socket may still be reading it. The output of a mocked client has no `$metadata`.
 */
export async function sendBody<Output extends object>(
  { bytes, loan, digests }: PartBody,
  send: (bytes: Buffer, digests: Digests) => Promise<Output>,
): Promise<Output> {
  try {
    const output = await send(bytes, digests)
    if (metadataOf(output)?.attempts === 1) loan?.release()
    return output
  } finally {
    loan?.drop()
  }
}
