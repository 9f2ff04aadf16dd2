/** Counts the bytes of a request, and the time in which none comes. */
export interface RequestWatch {
  /** Bytes have come. */
  count(bytes: number): void
  /** From now on it is read. */
  resume(): void
  /** It is not read for a while, because storage is busy: that time is not the client's. Or it has ended. */
  pause(): void
}

/**
 * While a request is not read, TCP sends again what was not taken, or asks whether it may go on, ever more seldom: after
 * intervals about as long as it has waited by then, at most two minutes (RFC 1122, 4.2.2.17). Milliseconds.
 */
const LONGEST_INTERVAL = 120_000

/**
 * @param onBytes called with the sum of all bytes
 * @param onIdle called with the milliseconds in which none has come although the request was read: `idleTimeout`, or a
 * multiple of it where the client had been made to wait for longer
 */
export function createRequestWatch(
  idleTimeout: number,
  onBytes: (total: number) => void,
  onIdle: (milliseconds: number) => void,
): RequestWatch {
  let total = 0
  let timer: NodeJS.Timeout | undefined
  let idle = 0
  let pausedAt: number | undefined
  /** Bytes that come do not shorten it: they may be those that had arrived before the wait. */
  let lenientUntil = 0

  function check(): void {
    idle += idleTimeout
    if (performance.now() < lenientUntil) timer?.refresh()
    else onIdle(idle)
  }

  return {
    count(bytes) {
      total += bytes
      idle = 0
      timer?.refresh()
      onBytes(total)
    },
    resume() {
      if (pausedAt !== undefined) {
        const now = performance.now()
        lenientUntil = Math.max(lenientUntil, now + Math.min(now - pausedAt, LONGEST_INTERVAL))
      }
      idle = 0
      timer = setTimeout(check, idleTimeout)
    },
    pause() {
      clearTimeout(timer)
      timer = undefined
      pausedAt = performance.now()
    },
  }
}
