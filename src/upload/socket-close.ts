import type { EventEmitter } from 'node:events'

interface Watch {
  readonly callbacks: Set<() => void>
  stop(): void
}

const watches = new WeakMap<EventEmitter, Watch>()

/**
 * Calls back when a socket closes. All uploads of a connection share one listener: pipelined requests have the same
 * socket, and Node warns of a leak at eleven.
 *
 * @returns a function that removes the callback
 */
export function onSocketClose(socket: EventEmitter, callback: () => void): () => void {
  const { callbacks, stop } = watches.get(socket) ?? watch(socket)
  callbacks.add(callback)
  return () => {
    if (callbacks.delete(callback) && callbacks.size === 0) stop()
  }
}

function watch(socket: EventEmitter): Watch {
  const callbacks = new Set<() => void>()
  function callAll() {
    for (const callback of callbacks) callback()
  }
  function stop() {
    watches.delete(socket)
    socket.off('close', callAll)
  }
  const started = { callbacks, stop }
  watches.set(socket, started)
  socket.on('close', callAll)
  return started
}
