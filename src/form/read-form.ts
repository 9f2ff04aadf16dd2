import type { Readable } from 'node:stream'
import type { Limits } from '../shared/limits.ts'
import type { IncomingFile, IncomingRequest } from '../shared/types.ts'
import { tooManyParts } from '../shared/upload-errors.ts'
import { createCanonicalParser } from './canonical-parser.ts'
import { type FormPiece, FormScanner } from './form-scanner.ts'
import { type PartHead, readPartHead } from './part-checks.ts'
import { createRequestPump } from './request-pump.ts'

export interface FieldPart {
  name: string
  value: string
  /** True if the value was longer than `maxFieldSize` and has been cut. */
  truncated: boolean
}

export interface FilePart {
  file: IncomingFile
  /** Must be read to its end, or the signal aborted: the form continues only then. */
  stream: Readable
}

export interface FormHandlers {
  onField(part: FieldPart): void
  /** Called after the previous file has been read to its end. */
  onFile(part: FilePart): void
}

/**
 * Reads a form and passes its parts on, one at a time, in their order. Resolves when the form has been read to its end.
 * Rejects with an `UploadError` for a malformed form, with what a handler threw, or with the reason of the signal.
 * However it ends, it no longer reads the request, which may still have data.
 */
export function readForm(
  request: IncomingRequest,
  boundary: string,
  limits: Limits,
  handlers: FormHandlers,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const scanner = new FormScanner(boundary)
    let parts = 0
    let isSettled = false
    let isRequestEnded = false
    /** True while the pieces of a chunk wait until the current file has been read. */
    let isBlocked = false

    function settle(finish: () => void) {
      if (isSettled) return
      isSettled = true
      signal.removeEventListener('abort', onAbort)
      pump.stop()
      finish()
      parser.destroy()
    }
    const fail = (error: unknown) => settle(() => reject(error))
    const onAbort = () => fail(signal.reason)

    /** An exception in an event of a stream would surface in the socket's, where nothing can catch it. */
    function guard(task: () => void) {
      if (isSettled) return
      try {
        task()
      } catch (error) {
        fail(error)
      }
    }

    const parser = createCanonicalParser(
      limits.maxFieldSize,
      {
        onField: ({ field: name }, value, truncated) =>
          guard(() => handlers.onField({ name, value, truncated })),
        onFile: (head, stream) => guard(() => handlers.onFile({ file: fileOf(head), stream })),
      },
      {
        // A stream asks for more before it emits what it has: only then is it known whether it accepts more.
        onProgress: () => isBlocked && process.nextTick(proceed),
        onError: fail,
        onClose: () => settle(resolve),
      },
    )
    const pump = createRequestPump(request, limits, {
      push(chunk) {
        scanner.push(chunk)
        guard(readPieces)
      },
      isReady: () => !isBlocked,
      end() {
        isRequestEnded = true
        if (!isBlocked) guard(endForm)
      },
      fail,
    })

    function proceed() {
      if (!isBlocked) return
      guard(readPieces)
      if (!isSettled) pump.resume()
    }

    /** Writes piece by piece to the parser, each when the one before has been read. */
    function readPieces() {
      isBlocked = true
      while (!isSettled && parser.isReady()) {
        const piece = scanner.next()
        if (piece === undefined) {
          isBlocked = false
          return isRequestEnded ? endForm() : undefined
        }
        write(piece)
      }
    }

    function endForm() {
      scanner.end()
      parser.end()
    }

    function write(piece: FormPiece) {
      if (piece.kind === 'data') parser.writeData(piece.bytes)
      else if (piece.kind === 'part end') parser.endPart()
      else beginPart(readPartHead(piece.bytes))
    }

    function beginPart(head: PartHead) {
      parts++
      if (parts > limits.maxParts) throw tooManyParts(limits.maxParts)
      parser.beginPart(head)
    }

    signal.addEventListener('abort', onAbort)
    if (signal.aborted) return onAbort()
    pump.start()
  })
}

function fileOf({ field, filename = '', type }: PartHead): IncomingFile {
  return { field, filename, type }
}
