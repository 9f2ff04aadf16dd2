import { setTimeout as wait } from 'node:timers/promises'
import type { ErrorFault, Fault, FaultFunction, RecordedRequest } from './types.ts'

export class Faults {
  // Keyed by a new object for each call, because a test can add the same function twice.
  readonly #active = new Map<object, FaultFunction>()

  add(fault: FaultFunction): () => void {
    const id = {}
    this.#active.set(id, fault)
    return () => {
      this.#active.delete(id)
    }
  }

  async find(request: RecordedRequest): Promise<Fault | undefined> {
    for (const fault of [...this.#active.values()]) {
      const result = await fault(request)
      if (result !== undefined) return result
    }
    return undefined
  }

  clear(): void {
    this.#active.clear()
  }
}

/** The effect of a fault on a request, after the delay. */
export type FaultEffect =
  | { readonly kind: 'drop'; readonly after: boolean }
  | { readonly kind: 'hang'; readonly after: boolean }
  | { readonly kind: 'error'; readonly after: boolean; readonly error: ErrorFault }

/** Returns undefined for a fault that only waits. */
export function effectOf(fault: Fault): FaultEffect | undefined {
  if (fault.drop !== undefined) return { kind: 'drop', after: fault.drop === 'after' }
  if (fault.hang !== undefined) return { kind: 'hang', after: fault.hang === 'after' }
  if (fault.status !== undefined) return { kind: 'error', after: fault.after === true, error: fault }
  return undefined
}

/** Waits for `delay`, then `until`. Rejects if the signal aborts first. */
export async function waitFor({ delay, until }: Fault, signal: AbortSignal): Promise<void> {
  // Must precede the delay: `until` could reject during the delay, as an unhandled rejection.
  const settled = Promise.allSettled([until])
  if (delay !== undefined) await wait(delay, undefined, { signal })
  await abortable(settled, signal)
}

/** Settles like the promise. Rejects if the signal aborts first. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
