import type { Limits } from '../shared/limits.ts'
import type { IncomingRequest } from '../shared/types.ts'

/** How long a client may take to see its answer when nothing more is read from it: milliseconds. */
const LINGER = 1000

/** Requests whose rest is being dropped, each with what tells that the connection may be closed. */
const draining = new WeakMap<object, Promise<void>>()

/**
 * Reads and drops what still comes of a refused request: a connection closed with unread bytes is reset, and the
 * client may never see the answer. After `maxDrainSize` bytes nothing more is read, and TCP holds the client back.
 */
export function drain(request: IncomingRequest, { maxDrainSize, drainTimeout }: Limits) {
  if (request.destroyed || request.readableEnded) return { startClock() {} }
  let dropped = 0
  let timers: NodeJS.Timeout[] = []
  let started = false
  let finish = () => {}
  draining.set(request, new Promise(resolve => (finish = resolve)))

  function after(milliseconds: number, action: () => void) {
    timers.push(setTimeout(action, milliseconds).unref())
  }
  function onData(chunk: Buffer) {
    dropped += chunk.length
    if (dropped >= maxDrainSize) giveUp()
  }
  function giveUp() {
    request.off('data', onData).pause()
    if (started) after(LINGER, finish)
  }
  function stop() {
    for (const timer of timers) clearTimeout(timer)
    timers = []
    request.off('data', onData).off('end', stop).off('close', stop)
    finish()
  }

  request.on('data', onData).on('end', stop).on('close', stop)
  request.resume()
  return {
    /** Called when the client can be answered: after `drainTimeout` the connection is closed. */
    startClock() {
      started = true
      if (request.destroyed || request.readableEnded) return stop()
      after(drainTimeout, () => cut(request))
      if (dropped >= maxDrainSize) giveUp()
    },
  }
}

/** HTTP/2 goes on with a stream whose request has been destroyed. */
function cut(request: IncomingRequest): void {
  const { stream } = request as { stream?: { close?(): void } }
  stream?.close?.()
  request.destroy()
}

/**
 * What still comes of this request, if anything: resolves when all of it has been dropped, the client has gone, or
 * has had the time to see its answer. Until then the connection must stay open.
 */
export function restOf(request: object): Promise<void> | undefined {
  return draining.get(request)
}
