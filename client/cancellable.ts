import { aborted } from './errors.ts'

/** A promise that rejects when cancelled. What `start` returns is called in the end, however it ends. */
export function cancellable<Value>(
  signal: AbortSignal | undefined,
  start: (resolve: (value: Value) => void, reject: (error: unknown) => void) => () => void,
): Promise<Value> {
  let cancel = () => {}
  let end = () => {}
  return new Promise<Value>((resolve, reject) => {
    cancel = () => reject(aborted(signal))
    signal?.addEventListener('abort', cancel)
    end = start(resolve, reject)
  }).finally(() => {
    signal?.removeEventListener('abort', cancel)
    end()
  })
}
