import { malformedForm, truncatedForm } from '../shared/upload-errors.ts'
import { continueDelimiter, searchDelimiter } from './delimiter-search.ts'
import { LF_LINES } from './part-headers.ts'

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
const SPACE = 0x20
const TAB = 0x09
const LINE_BREAK_BYTES = 2
const BLANK_LINE = Buffer.from('\r\n\r\n')
/** Of data before the first boundary: enough to say what is wrong with it. */
const MAX_STRAY_BYTES = 1024

/**
 * Splits a form (RFC 2046, 5.1.1) into pieces, in chunks of any size. It is strict: bytes that belong to no
 * form part, or that follow a boundary in its line, are an error. A lenient parser would lose a file, or cut one short,
 * and report success.
 */
export class FormScanner {
  readonly #delimiter: Buffer
  #state: 'outside parts' | 'after boundary' | 'headers' | 'no body' | 'body' | 'end' = 'outside parts'
  #chunk: Buffer = Buffer.alloc(0)
  #position = 0
  /** Bytes of a delimiter that came before this chunk. */
  #begun = LINE_BREAK_BYTES
  /** How many of them belong to what precedes: a boundary can begin a form, and follow the blank line of headers. */
  #shared = LINE_BREAK_BYTES
  /** The first byte behind a boundary. */
  #afterBoundary: number | undefined
  #hasBoundary = false
  #stray: Buffer = Buffer.alloc(0)
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

  /** True if the last boundary has arrived. */
  get isComplete(): boolean {
    return this.#state === 'end'
  }

  /** Throws `TRUNCATED_BODY` if the last boundary has not arrived, or `MALFORMED_BODY` if it could not be recognised. */
  end(): void {
    if (this.isComplete) return
    const boundaryLine = this.#delimiter.subarray(LINE_BREAK_BYTES)
    if (this.#stray.length > 0 && !this.#hasBoundary) {
      if (this.#stray.includes(boundaryLine)) throw malformedForm(LF_LINES)
      const boundary = boundaryLine.toString('latin1', LINE_BREAK_BYTES)
      throw malformedForm(
        `The boundary in the Content-Type header, "${boundary}", does not occur in the body.`,
      )
    }
    if (this.#problem) throw malformedForm(this.#problem)
    throw truncatedForm(this.#chunk.includes(boundaryLine) && this.#state === 'body' ? LF_LINES : '')
  }

  #read(): FormPiece | undefined {
    switch (this.#state) {
      case 'outside parts':
        return this.#skipStrayData()
      case 'after boundary':
        return this.#readAfterBoundary()
      case 'headers':
        return this.#readHeaders()
      case 'no body':
        this.#passDelimiter(0)
        return PART_END
      case 'body':
        return this.#readBody()
      case 'end':
        this.#position = this.#chunk.length
        return undefined
    }
  }

  /**
   * RFC 2046 allows a preamble, but forms have none: such data is a form part that has lost its boundary. The next
   * boundary shows it, or the end of the request.
   */
  #skipStrayData(): undefined {
    const bytes = this.#readData()
    if (bytes?.some(byte => byte !== CR && byte !== LF)) {
      this.#problem ??= 'It has data before its first boundary.'
      const missing = MAX_STRAY_BYTES - this.#stray.length
      if (missing > 0) this.#stray = Buffer.concat([this.#stray, bytes.subarray(0, missing)])
    }
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
    const length = continueDelimiter(this.#chunk.subarray(this.#position), this.#delimiter, begun)
    if (length === -1) {
      const shared = this.#shared
      this.#begun = this.#shared = 0
      return begun > shared ? this.#delimiter.subarray(shared, begun) : undefined
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
    this.#shared = 0
    this.#position += length
    this.#state = 'after boundary'
    this.#afterBoundary = undefined
    this.#hasBoundary = true
  }

  /** CR and LF follow a boundary, two hyphens the last one. Blanks can precede the line break (RFC 2046, 5.1.1). */
  #readAfterBoundary(): undefined {
    const first = this.#afterBoundary
    const byte = this.#chunk[this.#position++]
    if (first === undefined && byte === LF) throw malformedForm(LF_LINES)
    if (first === undefined || (isBlank(first) && (isBlank(byte) || byte === CR))) this.#afterBoundary = byte
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
    return bytes && { kind: 'headers', bytes }
  }

  /** Mostly, the headers of a form part arrive in one chunk, and need no copy. */
  #wholeHeaders(): Buffer | undefined {
    const bytes = this.#chunk.subarray(this.#position)
    const length = this.#findHeadersEnd(bytes)
    if (length === undefined) return this.#moreHeaders()
    checkHeaderBytes(length)
    this.#endHeaders(length)
    return bytes.subarray(0, length)
  }

  #moreHeaders(): Buffer | undefined {
    this.#headers ??= Buffer.allocUnsafe(MAX_HEADER_BYTES)
    const copied = this.#chunk.copy(this.#headers, this.#headerBytes, this.#position)
    const filled = this.#headers.subarray(0, this.#headerBytes + copied)
    const length = this.#findHeadersEnd(filled, Math.max(0, this.#headerBytes - this.#delimiter.length))
    if (length !== undefined) {
      this.#endHeaders(length - this.#headerBytes)
      return filled.subarray(0, length)
    }
    if (filled.length === MAX_HEADER_BYTES) checkHeaderBytes(MAX_HEADER_BYTES + 1)
    this.#headerBytes = filled.length
    this.#position += copied
    return undefined
  }

  /** Headers end with a blank line, or with a boundary: the body of a part is optional (RFC 2046, 5.1.1). */
  #findHeadersEnd(bytes: Buffer, start = 0): number | undefined {
    const blankLine = bytes.indexOf(BLANK_LINE, start)
    const headers = blankLine === -1 ? bytes : bytes.subarray(0, blankLine)
    const delimiter = headers.indexOf(this.#delimiter, start)
    if (delimiter !== -1) {
      this.#state = 'no body'
      return delimiter
    }
    if (blankLine === -1) return undefined
    this.#state = 'body'
    return blankLine + BLANK_LINE.length
  }

  /** @param length bytes of the headers that are in this chunk; negative if the boundary began before it */
  #endHeaders(length: number): void {
    this.#position += length
    if (this.#state === 'no body') this.#position += this.#delimiter.length
    else this.#begun = this.#shared = LINE_BREAK_BYTES
  }
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === TAB
}

function checkHeaderBytes(bytes: number): void {
  if (bytes > MAX_HEADER_BYTES) {
    throw malformedForm(`The headers of a form part have more than ${MAX_HEADER_BYTES} bytes.`)
  }
}
