export const NO_BYTES = Buffer.alloc(0)

/**
 * Collects the value of one field. The pieces are joined as they arrive: a client can send one byte per chunk, and an
 * object for each takes 70 times its memory.
 */
export class FieldBytes {
  #bytes: Buffer = NO_BYTES
  #size = 0
  #isCopy = false

  /** Bytes of the value so far. */
  get size(): number {
    return this.#size
  }

  append(piece: Buffer): void {
    // Most values arrive in one piece, and need no copy.
    if (this.#size === 0) this.#bytes = piece
    else this.#copy(piece)
    this.#size += piece.length
  }

  #copy(piece: Buffer): void {
    const size = this.#size + piece.length
    if (!this.#isCopy || size > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(2 * size)
      this.#bytes.copy(larger, 0, 0, this.#size)
      this.#bytes = larger
      this.#isCopy = true
    }
    piece.copy(this.#bytes, this.#size)
  }

  /** Returns the value, and begins the next one. */
  take(): Buffer {
    const value = this.#bytes.subarray(0, this.#size)
    this.#bytes = NO_BYTES
    this.#size = 0
    this.#isCopy = false
    return value
  }
}
