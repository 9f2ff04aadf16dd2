import type { Readable } from 'node:stream'
import busboy from 'busboy'
import type { UploadError } from '../shared/errors.ts'
import type { Limits } from '../shared/limits.ts'
import type { IncomingFile, IncomingRequest } from '../shared/types.ts'
import {
  clientStalled,
  malformedForm,
  missingBoundary,
  requestTooLarge,
  tooManyParts,
  truncatedForm,
} from '../shared/upload-errors.ts'
import { cleanFilename } from './filename.ts'
import { watchParts } from './form-scanner.ts'
import { createRequestWatch } from './idle-timeout.ts'
import { checkCharset, checkHead, checkName, checkTransferEncoding, checkType } from './part-checks.ts'
import { feedParser } from './request-pump.ts'

export interface FieldPart {
  name: string
  value: string
  /** The value was longer than `maxFieldSize` and has been cut. */
  truncated: boolean
}

export interface FilePart {
  file: IncomingFile
  /** Has to be read to its end, or the signal aborted: the form goes on only after it. */
  stream: Readable
}

export interface PartHandlers {
  onField(part: FieldPart): void
  onFile(part: FilePart): void
}

/**
 * Reads a form and hands on its parts in their order. Resolves when the form has been read to its end. Rejects
 * with an `UploadError` for a form that is not one, with what a handler threw, or with the reason of the signal.
 * However it ends, it has let go of the request, which may have more to be read.
 */
export function parseMultipart(
  request: IncomingRequest,
  limits: Limits,
  handlers: PartHandlers,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const parser = createParser(request, limits)
    let settled = false
    const watch = createRequestWatch(
      limits.idleTimeout,
      total => total > limits.maxRequestSize && fail(requestTooLarge(limits.maxRequestSize)),
      milliseconds => fail(clientStalled(milliseconds)),
    )
    const feed = feedParser(request, parser, watch)

    function settle(finish: () => void) {
      if (settled) return
      settled = true
      signal.removeEventListener('abort', onAbort)
      feed.stop()
      finish()
      parser.destroy()
    }
    const fail = (error: unknown) => settle(() => reject(error))
    const onAbort = () => fail(signal.reason)

    /** An exception inside a parser's event would come up in the socket's, where nobody can catch it. */
    function handle(handler: () => void) {
      if (settled) return
      try {
        handler()
      } catch (error) {
        fail(error)
      }
    }

    const parts = watchParts(parser, head => handle(() => checkHead(head)))
    parser.on('field', (name, value, info) =>
      handle(() => {
        checkCharset(name, value)
        handlers.onField({ name: checkName(name), value, truncated: info.valueTruncated })
      }),
    )
    parser.on('file', (name, stream, info) => {
      // The parser destroys the stream with an error when it fails, and tells of that by its own 'error'.
      stream.on('error', () => {})
      feed.watch(stream)
      handle(() => {
        checkTransferEncoding(info.encoding)
        const filename = cleanFilename(info.filename ?? '')
        handlers.onFile({
          file: { field: checkName(name), filename, type: checkType(info.mimeType) },
          stream,
        })
      })
    })
    parser.on('partsLimit', () => fail(tooManyParts(limits.maxParts)))
    parser.on('error', (cause: Error) => fail(malformed(cause)))
    parser.on('close', () =>
      parts.hasSkipped() ? fail(malformedForm('It has bytes that belong to no form part.')) : settle(resolve),
    )

    signal.addEventListener('abort', onAbort)
    if (signal.aborted) return onAbort()
    feed.start()
  })
}

function createParser(request: IncomingRequest, { maxFieldSize, maxParts }: Limits) {
  try {
    return busboy({
      headers: request.headers,
      defParamCharset: 'utf8',
      // Nothing is to wait in the parser while a file is paused: see feedParser().
      fileHwm: 1,
      limits: {
        // busboy speaks up at a limit, not above it. Files, fields and their bytes are counted by us.
        fieldSize: maxFieldSize + 1,
        parts: maxParts + 1,
      },
    })
  } catch {
    throw missingBoundary()
  }
}

function malformed(cause: Error): UploadError {
  return cause.message.startsWith('Unexpected end')
    ? truncatedForm()
    : malformedForm(`${cause.message}.`, cause)
}
