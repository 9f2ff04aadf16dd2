import { aborted } from './errors.ts'

/**
 * Creates a promise that rejects when `signal` aborts; at once, without a call of `start`, if it is aborted already.
 * Calls the function that `start` returns once the promise settles.
 */
export function cancellable<Value>(
  signal: AbortSignal | undefined,
  start: (resolve: (value: Value) => void, reject: (error: unknown) => void) => (() => void) | undefined,
): Promise<Value> {
  let cancel = () => {}
  let cleanUp: (() => void) | undefined
  return new Promise<Value>((resolve, reject) => {
    cancel = () => reject(aborted(signal))
    if (signal?.aborted) return cancel()
    signal?.addEventListener('abort', cancel)
    cleanUp = start(resolve, reject)
  }).finally(() => {
    signal?.removeEventListener('abort', cancel)
    cleanUp?.()
  })
}
