import { setMaxListeners } from 'node:events'

/** Everything of one upload listens to its signal, and that many listeners are no leak. */
export function createAbortController(): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return controller
}

const listeners = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls back when a signal of the user is aborted, at once if it is already. One signal may serve every upload of a
 * process, so all of them share one listener: with many, Node would warn of a leak.
 *
 * @returns the function that ends it
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) {
    callback()
    return () => {}
  }
  const callbacks = listeners.get(signal) ?? listen(signal)
  // A function of our own, so that the same callback can come twice.
  const call = () => callback()
  callbacks.add(call)
  return () => {
    if (!callbacks.delete(call) || callbacks.size > 0) return
    listeners.delete(signal)
    signal.removeEventListener('abort', callAll)
  }
}

function listen(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>()
  listeners.set(signal, callbacks)
  signal.addEventListener('abort', callAll, { once: true })
  return callbacks
}

function callAll(this: AbortSignal): void {
  for (const callback of listeners.get(this) ?? []) callback()
}

/** What a task resolves with, which may never be, or the reason of the signal. */
export function untilAborted<T>(task: () => Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort)
    task()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener('abort', onAbort))
  })
}

/** A hook that is not meant to be awaited may be async all the same, and its rejection must not go unheard. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'
}
