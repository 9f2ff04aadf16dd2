import { setTimeout as wait } from 'node:timers/promises'
import type { ErrorFault, Fault, FaultFunction, RecordedRequest } from './types.ts'

export class Faults {
  // Keyed by a fresh object, because the same function may be added twice.
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
      const answer = await fault(request)
      if (answer !== undefined) return answer
    }
    return undefined
  }

  clear(): void {
    this.#active.clear()
  }
}

/** What a fault does to a request, once its time has come. */
export type Strike =
  | { readonly kind: 'drop'; readonly after: boolean }
  | { readonly kind: 'hang'; readonly after: boolean }
  | { readonly kind: 'error'; readonly after: boolean; readonly error: ErrorFault }

/** Undefined for a fault that only waits. */
export function strikeOf(fault: Fault): Strike | undefined {
  if (fault.drop !== undefined) return { kind: 'drop', after: fault.drop === 'after' }
  if (fault.hang !== undefined) return { kind: 'hang', after: fault.hang === 'after' }
  if (fault.status !== undefined) return { kind: 'error', after: fault.after === true, error: fault }
  return undefined
}

/** Rejects when the signal aborts first. */
export async function waitFor({ delay, until }: Fault, signal: AbortSignal): Promise<void> {
  // First of all, so that a rejection during the delay does not go unhandled.
  const settled = Promise.allSettled([until])
  if (delay !== undefined) await wait(delay, undefined, { signal })
  await orAbort(settled, signal)
}

/** Settles like the promise, or rejects when the signal aborts first. */
export function orAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
