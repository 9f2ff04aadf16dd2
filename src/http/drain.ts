import type { Limits } from '../shared/limits.ts'
import type { IncomingRequest } from '../shared/types.ts'

/** Time for a client to read its response after we have stopped reading from it. */
const LINGER_MS = 1000

/** Ends the drain of a client that sends nothing for this long, like `lingering_timeout` of nginx. */
const MAX_SILENCE_MS = 5000

/** Requests with an unread rest. Each promise resolves when the connection may close. */
const drains = new WeakMap<object, Promise<void>>()

export interface Drain {
  /**
   * Call it when the response can be sent. The connection closes at the latest after `drainTimeout`. Resolves when all that
   * has arrived so far counts as read: then the connection of a complete request stays open.
   */
  startClock(): Promise<void>
}

/**
 * Reads and drops the rest of a refused request. A connection that closes with unread bytes is reset, and the client
 * may never see the response. Firefox and WebKit read it only when they have sent everything. So time is the bound that
 * matters, as for the lingering close of nginx. After `maxDrainSize` bytes we stop reading, and TCP slows the client down.
 */
export function drain(request: IncomingRequest, { maxDrainSize, drainTimeout }: Limits): Drain {
  if (request.destroyed || request.readableEnded) return { startClock: async () => {} }
  let droppedBytes = 0
  let timers: NodeJS.Timeout[] = []
  let silence: NodeJS.Timeout | undefined
  let clockStarted = false
  let isStopped = false
  let resolveDrain = () => {}
  drains.set(request, new Promise(resolve => (resolveDrain = resolve)))

  function after(milliseconds: number, action: () => void) {
    const timer = setTimeout(action, milliseconds).unref()
    timers.push(timer)
    return timer
  }
  function onData(chunk: Buffer) {
    // Express's default error handler resumes the request.
    if (isStopped) return request.pause()
    droppedBytes += chunk.length
    silence?.refresh()
    if (droppedBytes >= maxDrainSize) stopReading()
  }
  function stopReading() {
    isStopped = true
    request.pause()
    if (clockStarted) after(LINGER_MS, resolveDrain)
  }
  function finish() {
    for (const timer of timers) clearTimeout(timer)
    timers = []
    request.off('data', onData).off('end', finish).off('close', finish)
    resolveDrain()
  }

  request.on('data', onData).on('end', finish).on('close', finish)
  request.resume()
  return {
    async startClock() {
      // Node has not yet parsed all that has arrived with the last chunk.
      await new Promise(resolve => setImmediate(resolve))
      clockStarted = true
      if (request.destroyed || request.readableEnded) return finish()
      after(drainTimeout, () => closeConnection(request))
      silence = after(MAX_SILENCE_MS, resolveDrain)
      if (droppedBytes >= maxDrainSize) stopReading()
    },
  }
}

/** Closes the connection of a request, or its stream in HTTP/2. */
export function closeConnection(request: IncomingRequest): void {
  // HTTP/2 keeps the stream of a destroyed request open.
  const { stream } = request as { stream?: { close?(): void } }
  stream?.close?.()
  request.destroy()
}

/**
 * Returns the drain of this request, or undefined if there is none. It resolves when the rest has been dropped, the
 * client has disconnected or is silent, or it has had time to read the response. Until then the connection must stay
 * open.
 */
export function drainOf(request: object): Promise<void> | undefined {
  return drains.get(request)
}
