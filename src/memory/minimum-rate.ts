import { clientTooSlow } from '../shared/upload-errors.ts'
import type { Holder } from './shortage.ts'

/** What has been read of a request. */
export interface ReadProgress {
  /** Bytes received. */
  readonly bytes: number
  /** True while the server reads: it waits for the client, not for storage or memory. */
  readonly isReading: boolean
  /** Milliseconds in which the server has read. */
  readonly readingTime: number
}

export interface RateLimit {
  /** Bytes per second. 0 allows any rate. */
  readonly minRate: number
  /** Milliseconds of reading over which the rate is averaged. */
  readonly idleTimeout: number
}

/** Refuses an upload that holds memory and receives less than `minRate`, while other uploads wait for memory. */
export class MinimumRate implements Holder {
  #progress: ReadProgress
  readonly #limit: RateLimit
  #fail: (error: unknown) => void
  #hasBegun = false
  #startBytes = 0
  #startTime = 0

  constructor(progress: ReadProgress, limit: RateLimit, fail: (error: unknown) => void) {
    this.#progress = progress
    this.#limit = limit
    this.#fail = fail
  }

  /**
   * The average begins with the first memory that the upload holds. Not with each: a client could send a tiny file now
   * and then, and hold a new buffer each time.
   */
  begin(): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    this.#restart()
  }

  /** From now on, the rate is that of the response, which the client reads. */
  follow(progress: ReadProgress, fail: () => void): void {
    this.#progress = progress
    this.#fail = fail
    this.#restart()
  }

  #restart(): void {
    this.#startBytes = this.#progress.bytes
    this.#startTime = this.#progress.readingTime
  }

  /** An upload that the server does not read waits for us, so its rate says nothing. */
  checkRate(): void {
    const { bytes, isReading, readingTime } = this.#progress
    const { minRate, idleTimeout } = this.#limit
    const time = readingTime - this.#startTime
    if (!isReading || time < idleTimeout) return
    const rate = ((bytes - this.#startBytes) / time) * 1000
    this.#restart()
    if (rate < minRate) this.#fail(clientTooSlow(rate, minRate, time))
  }
}
