import { setTimeout as wait } from 'node:timers/promises'
import type {
  BlanksFault,
  ErrorFault,
  Fault,
  FaultFunction,
  FaultTiming,
  RecordedRequest,
  ResponseFault,
} from './types.ts'

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

/** The effect of a fault on a request, after the delay. `after`: the operation is performed first. */
export type FaultEffect = { readonly after: boolean } & (
  | { readonly kind: 'drop' }
  | { readonly kind: 'hang' }
  | { readonly kind: 'error'; readonly error: ErrorFault }
  | { readonly kind: 'response'; readonly response: ResponseFault['response'] }
  | BlanksEffect
)

export interface BlanksEffect {
  readonly kind: 'blanks'
  /** Milliseconds. */
  readonly interval: number
  readonly ends: FaultTiming
  /** Replaces the result of the operation. */
  readonly error?: ErrorFault
}

/** Returns undefined for a fault that only waits. */
export function effectOf(fault: Fault): FaultEffect | undefined {
  if (fault.drop !== undefined) return { kind: 'drop', after: fault.drop === 'after' }
  if (fault.hang !== undefined) return { kind: 'hang', after: fault.hang === 'after' }
  if (fault.response !== undefined) {
    const after = fault.after === true || typeof fault.response === 'function'
    return { kind: 'response', after, response: fault.response }
  }
  if (fault.blanks !== undefined) return blanksEffect(fault)
  if (fault.status !== undefined) return { kind: 'error', after: fault.after === true, error: fault }
  return undefined
}

function blanksEffect({ blanks, code, message, after }: BlanksFault): FaultEffect {
  const { interval, delay, until } = blanks
  // Must precede the operation: `until` could reject during it, as an unhandled rejection.
  const ends = { delay, until: Promise.allSettled([until]) }
  const error = code === undefined ? undefined : { status: 200, code, message }
  return { kind: 'blanks', after: after === true || error === undefined, interval, ends, error }
}

/** Waits for `delay`, then `until`. Rejects if the signal aborts first. */
export async function waitFor({ delay, until }: FaultTiming, signal: AbortSignal): Promise<void> {
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
