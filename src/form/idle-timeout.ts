import { MAX_PROBE_INTERVAL_MS } from './reading-meter.ts'

/** Measures how long no data arrives while the server reads. */
export interface IdleTimeout {
  /** Data has arrived. */
  received(): void
  /** The server reads from now on. */
  resume(): void
  /** The server does not read: it waits for storage or memory, or the request has ended. */
  pause(): void
}

/**
 * Calls back if no data arrives for `idleTimeout` milliseconds of reading. A client that had to wait for longer has that
 * time again, at most two minutes.
 *
 * @param onIdle called with the milliseconds that have passed: a multiple of `idleTimeout`
 */
export function createIdleTimeout(idleTimeout: number, onIdle: (milliseconds: number) => void): IdleTimeout {
  let timer: NodeJS.Timeout | undefined
  let idle = 0
  let pausedAt: number | undefined
  /** Data that arrives does not shorten it: it may have been on its way before the wait. */
  let extendedUntil = 0

  function check(): void {
    idle += idleTimeout
    if (performance.now() < extendedUntil) timer?.refresh()
    else onIdle(idle)
  }

  return {
    received() {
      idle = 0
      timer?.refresh()
    },
    resume() {
      if (pausedAt !== undefined) {
        const now = performance.now()
        extendedUntil = Math.max(extendedUntil, now + Math.min(now - pausedAt, MAX_PROBE_INTERVAL_MS))
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
