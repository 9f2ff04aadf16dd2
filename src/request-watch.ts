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
 * @param onIdle called when none has come for `idleTimeout` milliseconds in which the request was read, or, until the first
 * byte after a pause, for as long as that was; with that time
 */
export function createRequestWatch(
  idleTimeout: number,
  onBytes: (total: number) => void,
  onIdle: (milliseconds: number) => void,
): RequestWatch {
  let total = 0
  let timer: NodeJS.Timeout | undefined
  let patience = idleTimeout
  let pausedAt: number | undefined

  function start(milliseconds: number): void {
    clearTimeout(timer)
    patience = milliseconds
    timer = setTimeout(onIdle, milliseconds, milliseconds)
  }

  return {
    count(bytes) {
      total += bytes
      if (timer && patience > idleTimeout) start(idleTimeout)
      else timer?.refresh()
      onBytes(total)
    },
    resume() {
      const waited = pausedAt === undefined ? 0 : performance.now() - pausedAt
      start(Math.max(idleTimeout, Math.min(waited, LONGEST_INTERVAL)))
    },
    pause() {
      clearTimeout(timer)
      timer = undefined
      pausedAt = performance.now()
    },
  }
}
