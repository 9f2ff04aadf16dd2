import { UploadError } from './errors.ts'
import type { IncomingRequest } from './types.ts'

/** The life of one upload: from its first check until it is stored, or failed for one reason. */
export interface UploadLife {
  /** Aborted with the first error. */
  readonly signal: AbortSignal
  /** Ends the upload with this error, unless it already has one. */
  fail(error: unknown): void
  /** Stops watching the request and the user's signal. */
  end(): void
}

export function watchUpload(request: IncomingRequest, cancel: AbortSignal | undefined): UploadLife {
  const controller = new AbortController()
  const socket = 'socket' in request ? (request.socket as NodeJS.EventEmitter | null) : null

  // AbortController keeps its first reason.
  const fail = (error: unknown) => controller.abort(error)
  const onRequestError = (cause: Error) => fail(abortedByClient(cause))
  const onRequestClose = () => {
    if (!request.readableEnded) fail(abortedByClient())
  }
  const onSocketClose = () => fail(abortedByClient())
  const onCancel = () => fail(cancelled(cancel?.reason))

  request.on('error', onRequestError).on('close', onRequestClose)
  socket?.on('close', onSocketClose)
  cancel?.addEventListener('abort', onCancel)
  if (cancel?.aborted) onCancel()

  function end() {
    request.off('close', onRequestClose)
    socket?.off('close', onSocketClose)
    cancel?.removeEventListener('abort', onCancel)
    // The request may yet fail while its rest is being dropped, and an 'error' without a listener is a crash.
    request.off('error', onRequestError).on('error', () => {})
  }

  return { signal: controller.signal, fail, end }
}

function abortedByClient(cause?: unknown): UploadError {
  return new UploadError('ABORTED', 'The client went away before it had its answer.', { cause })
}

function cancelled(cause: unknown): UploadError {
  return new UploadError('CANCELLED', 'The server stopped this upload. Try again later.', {
    cause,
    expose: true,
  })
}
