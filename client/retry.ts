import { cancellable } from './cancellable.ts'
import type { UploadError } from './errors.ts'

const FIRST_RETRY_DELAY_MS = 1000
const MAX_RETRY_DELAY_MS = 30_000
/** If the server asks for a longer delay, the upload fails at once, so that the page can tell the user. */
const MAX_RETRY_AFTER_SECONDS = 60
const RETRYABLE_STATUSES = [408, 502, 503, 504]

/** Returns the milliseconds to wait before attempt `attempt + 1`, or undefined if the error is not retryable. */
export function retryDelay({ code, status, retryAfter }: UploadError, attempt: number): number | undefined {
  if (code !== 'UNREACHABLE' && !RETRYABLE_STATUSES.includes(status)) return undefined
  if (retryAfter !== undefined) return retryAfter <= MAX_RETRY_AFTER_SECONDS ? retryAfter * 1000 : undefined
  // Up to half of the delay is random, so that clients do not all retry at once when a server is back.
  return Math.min(MAX_RETRY_DELAY_MS, FIRST_RETRY_DELAY_MS * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2)
}

/** Waits. Rejects when `signal` aborts. */
export function wait(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return cancellable(signal, resolve => {
    const timer = setTimeout(resolve, ms)
    return () => clearTimeout(timer)
  })
}
