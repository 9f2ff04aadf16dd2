import { cancellable } from './cancellable.ts'
import type { UploadError } from './errors.ts'

const FIRST_RETRY_DELAY_MS = 1000
const MAX_RETRY_DELAY_MS = 30_000
/** If the server asks for a longer delay, the upload fails at once, so that the page can tell the user. */
const MAX_RETRY_AFTER_SECONDS = 60
const RETRYABLE_STATUSES = [408, 502, 503, 504]

/** One attempt: its number, from 1, and the state of its body. */
export interface Attempt {
  number: number
  /** Bytes of the body that the browser has sent. */
  sent: number
  allSent: boolean
}

/** Returns the milliseconds to wait before the next attempt, or undefined if there is no next one. */
export type RetryPolicy = (error: UploadError, attempt: Attempt) => number | undefined

/** Returns the policy of one upload. */
export function createRetryPolicy(retries = 2): RetryPolicy {
  // Most browsers hide a response that arrives while they send, such as a 413: the connection just breaks. So a body
  // that broke off is sent once more and never a third time. An attempt that sends no byte costs nothing.
  let brokeOff = false
  return (error, { number, sent, allSent }) => {
    if (number > retries || (brokeOff && sent > 0)) return undefined
    brokeOff ||= error.code === 'UNREACHABLE' && sent > 0 && !allSent
    return retryDelay(error, number)
  }
}

function retryDelay({ code, status, retryAfter }: UploadError, attempt: number): number | undefined {
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
