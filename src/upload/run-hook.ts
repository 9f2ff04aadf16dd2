import { type HookName, hookTimedOut } from '../shared/upload-errors.ts'
import { hookError } from './hook-error.ts'

/**
 * Runs a hook, and stops waiting for it when the upload ends, or after a time limit. Rejects with the error that fails the
 * upload. What becomes of the hook later has no effect.
 *
 * @param milliseconds no limit if undefined
 */
export function runHook<Value>(
  hook: HookName,
  call: () => Value | PromiseLike<Value>,
  signal: AbortSignal,
  milliseconds?: number,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const stop = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
    const fail = (error: unknown) => {
      stop()
      reject(error)
    }
    const onAbort = () => fail(signal.reason)
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort)
    if (milliseconds !== undefined) {
      timer = setTimeout(() => fail(hookTimedOut(hook, milliseconds)), milliseconds)
    }
    // An async function, because the hook can throw, or return a promise of another library.
    const settled = async () => call()
    settled()
      .then(resolve, thrown => reject(hookError(hook, thrown)))
      .finally(stop)
  })
}
