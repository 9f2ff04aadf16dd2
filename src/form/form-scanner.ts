import { malformedForm, truncatedForm } from '../shared/upload-errors.ts'
import { continueDelimiter, searchDelimiter } from './delimiter-search.ts'

/** A piece of a form, in the order of its bytes. */
export type FormPiece =
  /** The headers of a form part, with the blank line behind them. */
  | { kind: 'headers'; bytes: Buffer }
  /** Bytes of the body of a form part. Not to be modified. */
  | { kind: 'data'; bytes: Buffer }
  | { kind: 'part end' }

const PART_END: FormPiece = { kind: 'part end' }

/** The limit of Node for the headers of a request. */
export const MAX_HEADER_BYTES = 16 * 1024

const CR = 0x0d
const LF = 0x0a
const HYPHEN = 0x2d
const BLANK_LINE = Buffer.from('\r\n\r\n')

/**
 * Splits a form (RFC 2046, 5.1.1) into pieces, in whatever chunks it arrives. It is strict: bytes that belong to no
 * form part, or that follow a boundary in its line, are an error. A lenient parser would lose a file, or cut one short,
 * and report success.
 */
export class FormScanner {
  readonly #delimiter: Buffer
  #state: 'outside parts' | 'after boundary' | 'headers' | 'body' | 'end' = 'outside parts'
  #chunk: Buffer = Buffer.alloc(0)
  #position = 0
  /** Bytes of a delimiter that the previous chunk ended with. A form begins as if after a line break. */
  #begun = 2
  /** The first byte behind a boundary. */
  #afterBoundary: number | undefined
  /** Why the form is malformed, once data belongs to no form part. */
  #problem: string | undefined
  /** Headers that arrive in several chunks. */
  #headers: Buffer | undefined
  #headerBytes = 0

  constructor(boundary: string) {
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
  }

  /** Takes the next chunk. The pieces of the previous one must have been taken. */
  push(chunk: Buffer): void {
    this.#chunk = chunk
    this.#position = 0
  }

  /** Returns the next piece, or undefined if it needs another chunk. Throws `MALFORMED_BODY`. */
  next(): FormPiece | undefined {
    while (this.#position < this.#chunk.length) {
      const piece = this.#read()
      if (piece) return piece
    }
    return undefined
  }

  /** Throws `TRUNCATED_BODY` if the last boundary has not arrived. */
  end(): void {
    if (this.#state !== 'end') throw truncatedForm()
  }

  #read(): FormPiece | undefined {
    switch (this.#state) {
      case 'outside parts':
        return this.#skipStrayData()
      case 'after boundary':
        return this.#readAfterBoundary()
      case 'headers':
        return this.#readHeaders()
      case 'body':
        return this.#readBody()
      case 'end':
        this.#position = this.#chunk.length
        return undefined
    }
  }

  /**
   * RFC 2046 allows a preamble, but forms have none: such data is a form part that has lost its boundary. A form that
   * never has a boundary is truncated; otherwise the next boundary shows that it is malformed.
   */
  #skipStrayData(): undefined {
    const bytes = this.#readData()
    if (bytes?.some(byte => byte !== CR && byte !== LF))
      this.#problem ??= 'It has data before its first boundary.'
    if (this.#state !== 'outside parts' && this.#problem) throw malformedForm(this.#problem)
  }

  #readBody(): FormPiece | undefined {
    const bytes = this.#readData()
    if (bytes) return { kind: 'data', bytes }
    return this.#state === 'body' ? undefined : PART_END
  }

  /** Returns the bytes up to the next delimiter. At a delimiter, skips it, changes the state and returns undefined. */
  #readData(): Buffer | undefined {
    if (this.#begun > 0) return this.#continueDelimiter()
    const chunk = this.#chunk
    const start = this.#position
    const { end, found, begun } = searchDelimiter(chunk, start, this.#delimiter)
    if (end > start) {
      this.#position = end
      return chunk.subarray(start, end)
    }
    if (found) this.#passDelimiter(this.#delimiter.length)
    else {
      this.#begun = begun
      this.#position = chunk.length
    }
    return undefined
  }

  #continueDelimiter(): Buffer | undefined {
    const begun = this.#begun
    const length = continueDelimiter(this.#chunk, this.#delimiter, begun)
    if (length === -1) {
      this.#begun = 0
      return this.#delimiter.subarray(0, begun)
    }
    if (begun + length === this.#delimiter.length) this.#passDelimiter(length)
    else {
      this.#begun += length
      this.#position += length
    }
    return undefined
  }

  #passDelimiter(length: number): void {
    this.#begun = 0
    this.#position += length
    this.#state = 'after boundary'
    this.#afterBoundary = undefined
  }

  /** CR and LF follow a boundary, two hyphens the last one. */
  #readAfterBoundary(): undefined {
    const first = this.#afterBoundary
    const byte = this.#chunk[this.#position++]
    if (first === undefined) this.#afterBoundary = byte
    else if (first === CR && byte === LF) this.#startHeaders()
    else if (first === HYPHEN && byte === HYPHEN) this.#state = 'end'
    else {
      this.#problem ??= 'A boundary must be followed by CR and LF, or by "--" at the end of the form.'
      this.#state = 'outside parts'
      // It may be the CR of the next boundary.
      this.#position--
    }
  }

  #startHeaders(): void {
    this.#state = 'headers'
    this.#headerBytes = 0
  }

  #readHeaders(): FormPiece | undefined {
    const bytes = this.#headerBytes === 0 ? this.#wholeHeaders() : this.#moreHeaders()
    if (bytes === undefined) return undefined
    if (bytes.includes(this.#delimiter)) throw malformedForm('The headers of a form part have no end.')
    this.#state = 'body'
    return { kind: 'headers', bytes }
  }

  /** Mostly, the headers of a form part arrive in one chunk, and need no copy. */
  #wholeHeaders(): Buffer | undefined {
    const end = this.#chunk.indexOf(BLANK_LINE, this.#position)
    if (end === -1) return this.#moreHeaders()
    const bytes = this.#chunk.subarray(this.#position, end + BLANK_LINE.length)
    checkHeaderBytes(bytes.length)
    this.#position += bytes.length
    return bytes
  }

  #moreHeaders(): Buffer | undefined {
    this.#headers ??= Buffer.allocUnsafe(MAX_HEADER_BYTES)
    const copied = this.#chunk.copy(this.#headers, this.#headerBytes, this.#position)
    const filled = this.#headers.subarray(0, this.#headerBytes + copied)
    const end = filled.indexOf(BLANK_LINE, Math.max(0, this.#headerBytes - BLANK_LINE.length))
    if (end !== -1) {
      const bytes = filled.subarray(0, end + BLANK_LINE.length)
      this.#position += bytes.length - this.#headerBytes
      return bytes
    }
    if (filled.length === MAX_HEADER_BYTES) checkHeaderBytes(MAX_HEADER_BYTES + 1)
    this.#headerBytes = filled.length
    this.#position += copied
    return undefined
  }
}

function checkHeaderBytes(bytes: number): void {
  if (bytes > MAX_HEADER_BYTES) {
    throw malformedForm(`The headers of a form part have more than ${MAX_HEADER_BYTES} bytes.`)
  }
}
