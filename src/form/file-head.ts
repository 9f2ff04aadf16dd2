import type { PartHead } from './part-checks.ts'

/** The first bytes of a file, known before its stream begins. */
export interface FileHead {
  /** Not to be modified: the same memory goes to S3. */
  bytes: Buffer
  /** True if the file has no more bytes. */
  isWhole: boolean
}

const NO_BYTES = Buffer.alloc(0)

/**
 * Collects the first bytes of one file. A piece that has enough is not copied. Smaller ones are joined as they arrive: a
 * client can send one byte per chunk, and an object for each takes 70 times its memory.
 */
export class ArrivingHead {
  readonly part: PartHead
  readonly #limit: number
  /** The first piece, or the copy that the pieces are joined in. */
  #bytes: Buffer = NO_BYTES
  #size = 0
  #isCopy = false
  /** Bytes of the last piece behind the head. */
  #rest: Buffer = NO_BYTES

  /** @param limit bytes of the head */
  constructor(part: PartHead, limit: number) {
    this.part = part
    this.#limit = limit
  }

  /** Takes the next bytes of the file. Returns true if the head is complete. */
  append(piece: Buffer): boolean {
    if (this.#size === 0) {
      this.#bytes = piece
      this.#size = piece.length
    } else {
      this.#join(piece)
    }
    return this.#size >= this.#limit
  }

  #join(piece: Buffer): void {
    if (!this.#isCopy) {
      const copy = Buffer.allocUnsafeSlow(this.#limit)
      this.#bytes.copy(copy)
      this.#bytes = copy
      this.#isCopy = true
    }
    const copied = piece.copy(this.#bytes, this.#size)
    this.#size += copied
    this.#rest = piece.subarray(copied)
  }

  /** @param isWhole true if the file ends here */
  head(isWhole: boolean): FileHead {
    return { bytes: this.#bytes.subarray(0, Math.min(this.#size, this.#limit)), isWhole }
  }

  /** Everything that has arrived of the file: the head comes first. */
  pieces(): Buffer[] {
    return [this.#bytes.subarray(0, this.#size), this.#rest].filter(piece => piece.length > 0)
  }
}
