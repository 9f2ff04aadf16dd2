import { aborted } from './errors.ts'

/** Creates a promise that rejects when `signal` aborts. Calls the function that `start` returns once it settles. */
export function cancellable<Value>(
  signal: AbortSignal | undefined,
  start: (resolve: (value: Value) => void, reject: (error: unknown) => void) => () => void,
): Promise<Value> {
  let cancel = () => {}
  let cleanUp = () => {}
  return new Promise<Value>((resolve, reject) => {
    cancel = () => reject(aborted(signal))
    signal?.addEventListener('abort', cancel)
    cleanUp = start(resolve, reject)
  }).finally(() => {
    signal?.removeEventListener('abort', cancel)
    cleanUp()
  })
}
