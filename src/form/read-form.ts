import type { Readable } from 'node:stream'
import type { Limits } from '../shared/limits.ts'
import type { IncomingFile, IncomingRequest } from '../shared/types.ts'
import { tooManyParts, truncatedForm, undecodableField } from '../shared/upload-errors.ts'
import {
  type CanonicalParser,
  createCanonicalParser,
  type ParserEvents,
  type PartHandlers,
} from './canonical-parser.ts'
import { storableType } from './content-type.ts'
import { ArrivingHead, type FileHead } from './file-head.ts'
import { type FormPiece, FormScanner } from './form-scanner.ts'
import { arrivingMemory, fieldMemory, fileMemory } from './kept-size.ts'
import { type PartHead, readPartHead } from './part-checks.ts'
import { ReadingMeter } from './reading-meter.ts'
import { createRequestPump, type RequestPump, type RequestSink } from './request-pump.ts'
import { decodeText } from './text.ts'

export interface FieldPart {
  name: string
  value: string
  /** Bytes of the value as received. */
  size: number
  /** True if the value is longer than `maxFieldSize`. It is empty then. */
  truncated: boolean
}

export interface FilePart {
  file: IncomingFile
  /** The media type for the object: with parameters if they are well-formed. */
  objectType: string
  /** Set if `headSize` of the handlers is above 0 for this field. The stream has these bytes too. */
  head: FileHead | undefined
  /** Must be read to its end, or the signal aborted: the form continues only then. */
  stream: Readable
}

/** What the headers of a request say about its form. */
export interface FormFraming {
  boundary: string
  /** Bytes of the whole form, if the request declares them. */
  declaredLength: number | undefined
}

export interface FormHandlers {
  onField(part: FieldPart): void
  /** Called after the previous file has been read to its end. */
  onFile(part: FilePart): void
  /**
   * Returns how many first bytes of a file in this field must have arrived before `onFile` is called. While they arrive,
   * the form is read on, so its time limits apply.
   * @default 0
   */
  headSize?(field: string): number
  /**
   * Called with the bytes of memory that the form keeps until its end: fields and names. Reads no further while a
   * returned promise is pending.
   */
  keep(bytes: number): Promise<void> | undefined
}

/**
 * Reads a form and passes its parts on, one at a time, in their order. Resolves when the form has been read to its end.
 * Rejects with an `UploadError` for a malformed form, with what a handler threw, or with the reason of the signal.
 * However it ends, it no longer reads the request, which may still have data.
 */
export function readForm(
  request: IncomingRequest,
  framing: FormFraming,
  limits: Limits,
  handlers: FormHandlers,
  signal: AbortSignal,
  meter = new ReadingMeter(),
): Promise<void> {
  return new Promise<void>((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason)
    const onAbort = () => reader.fail(signal.reason)
    const settle = (finish: () => void) => {
      signal.removeEventListener('abort', onAbort)
      finish()
    }
    const outcome: Outcome = {
      resolve: () => settle(resolve),
      reject: error => settle(() => reject(error)),
    }
    const reader = new FormReader(request, framing, limits, handlers, outcome, meter)
    signal.addEventListener('abort', onAbort)
    reader.start()
  })
}

interface Outcome {
  /** The form has been read to its end. */
  resolve(): void
  reject(error: unknown): void
}

/** Moves the pieces of a form from the scanner to the parser, each when the one before has been read. */
class FormReader implements RequestSink, PartHandlers, ParserEvents {
  readonly #limits: Limits
  readonly #handlers: FormHandlers
  readonly #outcome: Outcome
  readonly #scanner: FormScanner
  readonly #parser: CanonicalParser
  readonly #pump: RequestPump
  readonly #declaredLength: number | undefined
  #received = 0
  #parts = 0
  /** Of names and fields: what the field `_charset_` says. */
  #charset: string | undefined
  /** The first bytes of a file that has not begun. */
  #arriving: ArrivingHead | undefined
  /** The head of the file that begins. */
  #fileHead: FileHead | undefined
  #isSettled = false
  #isRequestEnded = false
  /** True while the pieces of a chunk wait until the current file has been read. */
  #isBlocked = false
  /** Bytes of memory that the parts before the current one keep. */
  #keptBytes = 0
  /** True while the upload waits for memory for what it keeps. */
  #awaitsMemory = false

  constructor(
    request: IncomingRequest,
    framing: FormFraming,
    limits: Limits,
    handlers: FormHandlers,
    outcome: Outcome,
    meter: ReadingMeter,
  ) {
    this.#declaredLength = framing.declaredLength
    this.#limits = limits
    this.#handlers = handlers
    this.#outcome = outcome
    this.#scanner = new FormScanner(framing.boundary)
    this.#parser = createCanonicalParser(limits.maxFieldSize, this, this)
    this.#pump = createRequestPump(request, limits, this, meter)
  }

  start(): void {
    this.#pump.start()
  }

  fail(error: unknown): void {
    this.#end(() => this.#outcome.reject(error))
  }

  #end(settle: () => void): void {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#pump.stop()
    settle()
    this.#parser.destroy()
  }

  /** An exception in an event of a stream would surface in the socket's, where nothing can catch it. */
  #guard(task: () => void): void {
    if (this.#isSettled) return
    try {
      task()
    } catch (error) {
      this.fail(error)
    }
  }

  // The request.

  push(chunk: Buffer): void {
    this.#received += chunk.length
    this.#scanner.push(chunk)
    this.#guard(() => this.#writePieces())
  }

  isReady(): boolean {
    return !this.#isBlocked
  }

  end(): void {
    this.#isRequestEnded = true
    if (!this.#isBlocked) this.#guard(() => this.#endForm())
  }

  // The parser.

  onField(head: PartHead, bytes: Buffer, truncated: boolean): void {
    this.#guard(() => {
      const value = truncated ? '' : decodeField(head, bytes, this.#charset)
      this.#keptBytes += fieldMemory(head.field, value)
      // RFC 7578, 4.6.
      if (head.field.toLowerCase() === '_charset_') this.#charset = value
      this.#handlers.onField({ name: head.field, value, size: bytes.length, truncated })
    })
  }

  onFile(head: PartHead, stream: Readable): void {
    const fileHead = this.#fileHead
    this.#fileHead = undefined
    this.#guard(() => this.#handlers.onFile({ ...fileOf(head), head: fileHead, stream }))
  }

  /** A stream asks for more before it emits what it has. Only afterwards is it known whether it accepts more. */
  onProgress(): void {
    if (this.#isBlocked) process.nextTick(() => this.#proceed())
  }

  onError(error: unknown): void {
    this.fail(error)
  }

  onClose(): void {
    this.#end(() => this.#outcome.resolve())
  }

  #proceed(): void {
    if (!this.#isBlocked) return
    this.#guard(() => this.#writePieces())
    if (!this.#isSettled) this.#pump.resume()
  }

  #writePieces(): void {
    this.#isBlocked = true
    while (!this.#isSettled && !this.#awaitsMemory && this.#parser.isReady()) {
      const piece = this.#scanner.next()
      if (piece === undefined) {
        this.#isBlocked = false
        if (this.#isRequestEnded) this.#endForm()
        return
      }
      this.#write(piece)
    }
  }

  #write(piece: FormPiece): void {
    if (piece.kind === 'data') this.#writeData(piece.bytes)
    else if (piece.kind === 'part end') this.#endPart()
    else this.#beginPart(readPartHead(piece.bytes, this.#charset), piece.bytes.length)
    if (piece.kind !== 'data' || this.#parser.fieldBytes() > 0) this.#countKept()
  }

  #countKept(): void {
    if (this.#isSettled) return
    const pending = this.#handlers.keep(this.#keptBytes + arrivingMemory(this.#parser.fieldBytes()))
    if (pending === undefined) return
    this.#awaitsMemory = true
    pending.then(
      () => {
        this.#awaitsMemory = false
        this.#proceed()
      },
      error => this.fail(error),
    )
  }

  #beginPart(head: PartHead, headerBytes: number): void {
    this.#parts++
    if (head.file !== undefined) this.#keptBytes += fileMemory(headerBytes)
    if (this.#parts > this.#limits.maxParts) throw tooManyParts(this.#limits.maxParts)
    const headSize = head.file === undefined ? 0 : (this.#handlers.headSize?.(head.field) ?? 0)
    if (headSize > 0) this.#arriving = new ArrivingHead(head, headSize)
    else this.#parser.beginPart(head)
  }

  #writeData(bytes: Buffer): void {
    const arriving = this.#arriving
    if (arriving === undefined) this.#parser.writeData(bytes)
    else if (arriving.append(bytes)) this.#beginFile(arriving, false)
  }

  #endPart(): void {
    if (this.#arriving !== undefined) this.#beginFile(this.#arriving, true)
    if (!this.#isSettled) this.#parser.endPart()
  }

  #beginFile(arriving: ArrivingHead, isWhole: boolean): void {
    this.#arriving = undefined
    this.#fileHead = arriving.head(isWhole)
    this.#parser.beginPart(arriving.part)
    for (const piece of arriving.pieces()) if (!this.#isSettled) this.#parser.writeData(piece)
  }

  #endForm(): void {
    const declared = this.#declaredLength
    if (!this.#scanner.isComplete && declared !== undefined && this.#received < declared) {
      throw truncatedForm(
        `Only ${this.#received} of the ${declared} bytes of its Content-Length arrived. A proxy may have cut it.`,
      )
    }
    this.#scanner.end()
    this.#parser.end()
  }
}

function decodeField(
  { field, charset: own }: PartHead,
  bytes: Buffer,
  formCharset: string | undefined,
): string {
  const charset = own ?? formCharset
  const value = decodeText(bytes, charset)
  if (value === undefined) throw undecodableField(field, charset)
  return value
}

function fileOf({ field, file, type, contentType }: PartHead): Omit<FilePart, 'head' | 'stream'> {
  const { filename = '', path } = file ?? {}
  return {
    file: { field, filename, ...(path && { path }), type, ...(contentType && { contentType }) },
    objectType: storableType(type, contentType),
  }
}
