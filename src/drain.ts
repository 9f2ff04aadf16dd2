import { MiB } from './sizes.ts'
import type { IncomingRequest } from './types.ts'

/** Enough for what is on its way when a client is told to stop. */
const MAX_BYTES = 32 * MiB
const MAX_TIME = 30_000

/**
 * Reads and drops what still comes of a refused request: a connection closed with unread bytes is reset, and
 * the client never sees the answer. After 32 MiB the client is held back; a request that has not ended
 * after 30 seconds loses its connection.
 */
export function drain(request: IncomingRequest): void {
  if (request.destroyed || request.readableEnded) return
  let dropped = 0
  const timer = setTimeout(() => request.destroy(), MAX_TIME)
  timer.unref()

  const onData = (chunk: Buffer) => {
    dropped += chunk.length
    if (dropped > MAX_BYTES) request.pause()
  }
  const stop = () => {
    clearTimeout(timer)
    request.off('data', onData).off('end', stop).off('close', stop)
  }
  request.on('data', onData).on('end', stop).on('close', stop)
  request.resume()
}
