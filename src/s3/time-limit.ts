import { createAbortController } from '../shared/abort-signals.ts'

export interface TimeLimit {
  /** Aborted after the time limit, or together with the signal that `limitTime` was given. */
  readonly signal: AbortSignal
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
    clear() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    },
  }
}
