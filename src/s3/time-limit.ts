import { createAbortController } from '../shared/abort-signals.ts'

export interface TimeLimit {
  /** Aborted after the time limit, or together with the signal that `limitTime` was given. */
  readonly signal: AbortSignal
  /** The time starts again. */
  renew(): void
  /** Must be called when the request has ended. */
  clear(): void
}

/** Limits the time of one request. */
export function limitTime(milliseconds: number, signal: AbortSignal | undefined): TimeLimit {
  const controller = createAbortController()
  const abort = () => controller.abort()
  const timer = setTimeout(abort, milliseconds)
  signal?.addEventListener('abort', abort)
  if (signal?.aborted) abort()
  return {
    signal: controller.signal,
    renew() {
      timer.refresh()
    },
    clear() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    },
  }
}

/** Time for the SDK to end a request that it has sent, after the signal has been aborted. */
const GRACE_MS = 1000

/**
 * Settles like a request. When its signal is aborted, the SDK ends it; but the SDK does not look at the signal while it
 * waits for credentials or for a middleware of the application. So the request is then given up: at once if none of its
 * attempts is running.
 */
export function untilGivenUp<T>(
  request: Promise<T>,
  signal: AbortSignal,
  attempts: { isObserved: boolean; running: number },
): Promise<T> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined
    const giveUp = () => reject(signal.reason)
    const onAbort = () => {
      const isRunning = attempts.running > 0 || !attempts.isObserved
      timer = setTimeout(giveUp, isRunning ? GRACE_MS : 0)
    }
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    request.then(resolve, reject).finally(() => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    })
  })
}
