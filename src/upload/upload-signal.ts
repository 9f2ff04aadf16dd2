import type { EventEmitter } from 'node:events'
import { createAbortController, onAbort } from '../shared/abort-signals.ts'
import type { IncomingRequest } from '../shared/types.ts'
import { abortedByClient, cancelled } from '../shared/upload-errors.ts'

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
  const controller = createAbortController()
  const socket = socketOf(request)

  // AbortController keeps its first reason.
  const fail = (error: unknown) => controller.abort(error)
  const onError = (cause: Error) => fail(abortedByClient(cause))
  const onGone = () => fail(abortedByClient())
  const onClose = () => {
    if (!request.readableEnded) onGone()
  }

  // HTTP/2 ends the body of a request that the client has cancelled, and says 'aborted'.
  request.on('error', onError).on('aborted', onGone).on('close', onClose)
  socket?.on('close', onGone)
  const forget = cancel && onAbort(cancel, () => fail(cancelled(cancel.reason)))

  function end() {
    request.off('aborted', onGone).off('close', onClose)
    socket?.off('close', onGone)
    forget?.()
    // The request may yet fail while its rest is being dropped, and an 'error' without a listener is a crash.
    request.off('error', onError).on('error', () => {})
  }

  return { signal: controller.signal, fail, end }
}

/** Requests that never had a connection may have something else in its place. */
function socketOf(request: IncomingRequest): EventEmitter | undefined {
  const { socket } = request as { socket?: Partial<EventEmitter> | null }
  return typeof socket?.on === 'function' && typeof socket.off === 'function'
    ? (socket as EventEmitter)
    : undefined
}
