import { incompleteBody } from '../s3-error.ts'

const MAX_LINE_BYTES = 4096
const MAX_TRAILERS = 16
const LINE_FEED = 10

/**
 * Removes the aws-chunked framing from a body as it arrives. Skips the chunk signatures without verifying them.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming-trailers.html
 */
export class AwsChunkedDecoder {
  readonly #onData: (bytes: Buffer) => void
  readonly #trailers = new Map<string, string>()
  #expected: 'size' | 'data' | 'end of data' | 'trailer' | 'nothing' = 'size'
  #line = ''
  #remaining = 0

  constructor(onData: (bytes: Buffer) => void) {
    this.#onData = onData
  }

  write(bytes: Buffer): void {
    let offset = 0
    while (offset < bytes.length) {
      offset = this.#expected === 'data' ? this.#readData(bytes, offset) : this.#readLine(bytes, offset)
    }
  }

  /** Returns the trailers. Their names are in lower case. */
  end(): ReadonlyMap<string, string> {
    if (this.#expected !== 'nothing') throw incompleteBody('The aws-chunked body is truncated')
    return this.#trailers
  }

  #readData(bytes: Buffer, offset: number): number {
    const end = Math.min(offset + this.#remaining, bytes.length)
    this.#onData(bytes.subarray(offset, end))
    this.#remaining -= end - offset
    if (this.#remaining === 0) this.#expected = 'end of data'
    return end
  }

  #readLine(bytes: Buffer, offset: number): number {
    const lineFeed = bytes.indexOf(LINE_FEED, offset)
    const end = lineFeed < 0 ? bytes.length : lineFeed
    this.#line += bytes.toString('latin1', offset, end)
    if (this.#line.length > MAX_LINE_BYTES)
      throw incompleteBody(`The aws-chunked body has a line over ${MAX_LINE_BYTES} bytes`)
    if (lineFeed < 0) return end
    const line = this.#line.replace(/\r$/, '')
    this.#line = ''
    this.#handleLine(line)
    return end + 1
  }

  #handleLine(line: string): void {
    if (this.#expected === 'size') {
      const size = /^([0-9a-f]{1,12})(?:;|$)/i.exec(line)?.[1]
      if (size === undefined) throw incompleteBody('The aws-chunked body has an invalid chunk size')
      this.#remaining = Number.parseInt(size, 16)
      this.#expected = this.#remaining > 0 ? 'data' : 'trailer'
    } else if (this.#expected === 'trailer') {
      if (line === '') this.#expected = 'nothing'
      else this.#addTrailer(line)
    } else {
      if (line !== '') throw incompleteBody('The aws-chunked body has bytes outside its chunks')
      if (this.#expected === 'end of data') this.#expected = 'size'
    }
  }

  #addTrailer(line: string): void {
    if (this.#trailers.size === MAX_TRAILERS)
      throw incompleteBody(`The aws-chunked body has more than ${MAX_TRAILERS} trailers`)
    const colon = line.indexOf(':')
    this.#trailers.set(line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim())
  }
}
