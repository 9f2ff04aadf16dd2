import { setMaxListeners } from 'node:events'

/** Returns a controller whose signal accepts any number of listeners: every step of an upload adds its own. */
export function createAbortController(): AbortController {
  const controller = new AbortController()
  setMaxListeners(0, controller.signal)
  return controller
}

const callbacksOf = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls back when a signal of the application aborts; immediately if it has aborted. All uploads that use the same
 * signal share one listener: Node warns of a leak at eleven.
 *
 * @returns a function that removes the callback
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) {
    callback()
    return () => {}
  }
  const callbacks = callbacksOf.get(signal) ?? listen(signal)
  // A new function for each call, because the set would keep the same callback only once.
  const call = () => callback()
  callbacks.add(call)
  return () => {
    if (!callbacks.delete(call) || callbacks.size > 0) return
    callbacksOf.delete(signal)
    signal.removeEventListener('abort', callAll)
  }
}

function listen(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>()
  callbacksOf.set(signal, callbacks)
  signal.addEventListener('abort', callAll, { once: true })
  return callbacks
}

function callAll(this: AbortSignal): void {
  for (const callback of callbacksOf.get(this) ?? []) callback()
}

/** Settles like the task, or rejects with the reason of the signal if it aborts first. */
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

/** True for a promise. A hook that we do not await can still be async; its rejection must be handled. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | undefined)?.then === 'function'
}
