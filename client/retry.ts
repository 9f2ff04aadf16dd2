import { cancellable } from './cancellable.ts'
import type { UploadError } from './errors.ts'

const FIRST_DELAY = 1000
const MAX_DELAY = 30_000
/** Seconds. Who is told to come back later than that had better be told. */
const MAX_RETRY_AFTER = 60

/** Milliseconds to wait before attempt `attempt + 1`; nothing where trying again is of no use. */
export function delayAfter({ code, status, retryAfter }: UploadError, attempt: number): number | undefined {
  if (code !== 'UNREACHABLE' && ![408, 502, 503, 504].includes(status)) return undefined
  if (retryAfter !== undefined) return retryAfter <= MAX_RETRY_AFTER ? retryAfter * 1000 : undefined
  // Half of it by chance, so that the pages of a server that was away do not come back all at once.
  return Math.min(MAX_DELAY, FIRST_DELAY * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2)
}

/** Rejects when cancelled. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return cancellable(signal, resolve => {
    const timer = setTimeout(resolve, ms)
    return () => clearTimeout(timer)
  })
}
