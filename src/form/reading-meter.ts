/**
 * While a request is not read, TCP retransmits what was not accepted, or probes for a larger window. The intervals grow
 * to about the time waited so far, at most two minutes (RFC 1122, 4.2.2.17).
 */
export const MAX_PROBE_INTERVAL_MS = 120_000

/** Counts the bytes of a request, and the time in which the server reads from it. */
export class ReadingMeter {
  /** Bytes received. */
  bytes = 0
  /** Milliseconds of reading that have ended. */
  #time = 0
  /** When the time began to count; can be in the future. Undefined while the server does not read. */
  #countsFrom: number | undefined
  #pausedAt: number | undefined
  #isFirstChunk = false

  /** True if the server reads: it waits for the client, not for storage or memory. */
  get isReading(): boolean {
    return this.#countsFrom !== undefined
  }

  get readingTime(): number {
    return this.#time + this.#currentTime()
  }

  #currentTime(): number {
    return this.#countsFrom === undefined ? 0 : Math.max(0, performance.now() - this.#countsFrom)
  }

  /**
   * The server reads from now on. After a wait, the time counts from the first chunk, because it may take the client as
   * long as it had to wait to notice that the server reads again.
   */
  resume(): void {
    const now = performance.now()
    const waited = this.#pausedAt === undefined ? 0 : now - this.#pausedAt
    this.#countsFrom = now + Math.min(waited, MAX_PROBE_INTERVAL_MS)
    this.#isFirstChunk = waited > 0
  }

  /** Runs for each chunk, so it reads the clock only after a wait. */
  received(bytes: number): void {
    this.bytes += bytes
    if (!this.#isFirstChunk) return
    this.#isFirstChunk = false
    if (this.#countsFrom !== undefined) this.#countsFrom = Math.min(this.#countsFrom, performance.now())
  }

  /** The server does not read: it waits for storage or memory, or the request has ended. */
  pause(): void {
    this.#time += this.#currentTime()
    this.#countsFrom = undefined
    this.#pausedAt = performance.now()
  }
}
