import { randomBytes } from 'node:crypto'
import type { Readable } from 'node:stream'
import busboy from 'busboy'
import { FieldBytes, NO_BYTES } from './field-bytes.ts'
import type { PartHead } from './part-checks.ts'

export interface PartHandlers {
  /** @param truncated true if the value is longer than `maxFieldSize`. It is empty then, and the form must end */
  onField(head: PartHead, value: Buffer, truncated: boolean): void
  /** @param stream must be read to its end: the form continues only then */
  onFile(head: PartHead, stream: Readable): void
}

export interface ParserEvents {
  /** `isReady` may have changed. */
  onProgress(): void
  onError(error: Error): void
  /** The form has been read to its end. */
  onClose(): void
}

/** Turns the pieces of a form into fields and file streams. */
export interface CanonicalParser {
  /** Returns the bytes of the current field so far; 0 for a file. */
  fieldBytes(): number
  /** True if a piece can be written: what was written before has been read. */
  isReady(): boolean
  beginPart(head: PartHead): void
  writeData(bytes: Buffer): void
  endPart(): void
  /** Ends the form. */
  end(): void
  destroy(): void
}

/**
 * Ours, never the client's, so that no client can make the search slow or put it into a file. It is random, and made
 * of two characters that are rare in files: busboy's search skips 256 bytes at a time wherever it meets another one.
 */
const BOUNDARY = Array.from(randomBytes(256), byte => '^~'[byte & 1]).join('')
const DELIMITER = Buffer.from(`\r\n--${BOUNDARY}`)
const FORM_HEADERS = { 'content-type': `multipart/form-data; boundary=${BOUNDARY}` }
const FILE_HEADERS = '\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'

/**
 * busboy behind its public interface. The form that it reads is canonical: headers that we wrote, and our boundary. busboy
 * provides the streams of files and their back-pressure. Fields do not pass through it: it keeps an object for each
 * chunk.
 *
 * @param maxFieldSize bytes
 */
export function createCanonicalParser(
  maxFieldSize: number,
  handlers: PartHandlers,
  events: ParserEvents,
): CanonicalParser {
  const parser = busboy({
    headers: FORM_HEADERS,
    // Nothing must wait in busboy while a file is paused.
    fileHwm: 1,
    limits: { parts: Number.POSITIVE_INFINITY },
  })
  let head: PartHead
  const field = new FieldBytes()
  let file: Readable | undefined
  let isFileWritten = false
  const onProgress = () => events.onProgress()

  parser.on('file', (...[, stream]) => {
    // busboy destroys the stream when it is destroyed itself.
    stream.on('error', () => {})
    file = stream.on('resume', onProgress).on('end', onProgress)
    handlers.onFile(head, stream)
  })
  parser.on('error', (error: Error) => events.onError(error))
  parser.on('close', () => events.onClose())
  parser.write(DELIMITER)

  function addToField(bytes: Buffer): void {
    field.append(bytes)
    if (field.size > maxFieldSize) handlers.onField(head, NO_BYTES, true)
  }

  return {
    fieldBytes() {
      return field.size
    },
    isReady() {
      if (parser.writableLength > 0) return false
      return file === undefined || file.readableEnded || !(isFileWritten || isPaused(file))
    },
    beginPart(next) {
      head = next
      file = undefined
      isFileWritten = false
      if (next.file !== undefined) parser.write(FILE_HEADERS)
    },
    writeData(bytes) {
      if (head.file === undefined) addToField(bytes)
      else parser.write(bytes, onProgress)
    },
    endPart() {
      if (head.file === undefined) return handlers.onField(head, field.take(), false)
      isFileWritten = true
      parser.write(DELIMITER)
    },
    end() {
      parser.end('--')
    },
    destroy() {
      parser.destroy()
    },
  }
}

/** A stream counts as paused for those who wait for 'readable' too. */
function isPaused(file: Readable): boolean {
  return file.isPaused() && file.listenerCount('readable') === 0
}
