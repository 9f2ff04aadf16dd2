import type { EventEmitter } from 'node:events'
import { createAbortController, onAbort } from '../shared/abort-signals.ts'
import type { IncomingRequest } from '../shared/types.ts'
import { abortedByClient, alreadyAnswered, cancelled } from '../shared/upload-errors.ts'
import { onSocketClose } from './socket-close.ts'

/** The signal of one upload, with the functions that only its conductor may call. */
export interface UploadSignal {
  /** Aborted with the first error. */
  readonly signal: AbortSignal
  /** Fails the upload with this error, unless it has failed already. Has no effect after `stopWatching()`. */
  fail(error: unknown): void
  /** Fails the upload with this error at any time, unless it has failed already. */
  end(error: unknown): void
  /** Stops watching the request and the application's signal. Can be called again. */
  stopWatching(): void
}

/**
 * Creates the signal. It is also aborted when the client disconnects, and when `cancel` is aborted.
 *
 * @param isAnswered returns true if other code has responded: then the connection may close after that response
 */
export function createUploadSignal(
  request: IncomingRequest,
  cancel: AbortSignal | undefined,
  isAnswered = () => false,
): UploadSignal {
  const controller = createAbortController()
  const socket = socketOf(request)

  let isWatching = true

  // AbortController keeps its first reason.
  const end = (error: unknown) => controller.abort(error)
  const fail = (error: unknown) => {
    if (isWatching) end(error)
  }
  const onError = (cause?: Error) => fail(isAnswered() ? alreadyAnswered() : abortedByClient(cause))
  const onDisconnect = () => onError()
  const onClose = () => {
    if (!request.readableEnded) onDisconnect()
  }

  // When the client cancels a request, HTTP/2 ends the body and emits 'aborted'.
  request.on('error', onError).on('aborted', onDisconnect).on('close', onClose)
  const ignoreSocket = socket && onSocketClose(socket, onDisconnect)
  // If the platform has read the body, the client may have disconnected since.
  if (socket?.destroyed) onDisconnect()
  const ignoreCancel = cancel && onAbort(cancel, () => fail(cancelled(cancel.reason)))

  function stopWatching() {
    if (!isWatching) return
    isWatching = false
    request.off('aborted', onDisconnect).off('close', onClose)
    ignoreSocket?.()
    ignoreCancel?.()
    // The request may still fail while its rest is dropped, and an 'error' without a listener crashes the process.
    request.off('error', onError).on('error', ignoreError)
  }

  return { signal: controller.signal, fail, end, stopWatching }
}

/** Outside of the closures above: the request lives as long as its connection, and must not keep the upload's memory. */
function ignoreError(): void {}

/** A request that never had a connection may have another value in this property. */
function socketOf(request: IncomingRequest): (EventEmitter & { destroyed?: boolean }) | undefined {
  const { socket } = request as { socket?: Partial<EventEmitter> | null }
  return typeof socket?.on === 'function' && typeof socket.off === 'function'
    ? (socket as EventEmitter)
    : undefined
}
