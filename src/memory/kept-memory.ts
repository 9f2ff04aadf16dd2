/** Share of the budget for what uploads keep, and again for reservations. */
const KEPT_SHARE = 1 / 8

interface Waiter {
  bytes: number
  accept(): void
}

/**
 * The memory of what uploads keep until they end besides part buffers: fields and names.
 *
 * An upload cannot release it before its end. So two uploads that both need more could wait for each other. To prevent
 * that, an upload takes what it needs from a first share, and never waits there. If this share is used up, the upload
 * waits for all that it may ever need, from a second share. From then on it waits for part buffers only. No upload that
 * waits here holds a part buffer that S3 does not release.
 */
export class KeptMemory {
  readonly #share: number
  readonly #onChange: (bytes: number) => void
  readonly #waiters = new Set<Waiter>()
  #shared = 0
  #reserved = 0

  /**
   * @param size bytes of the budget
   * @param onChange called with the difference when the bytes in use change
   */
  constructor(size: number, onChange: (bytes: number) => void) {
    this.#share = size * KEPT_SHARE
    this.#onChange = onChange
  }

  /** Uploads that wait for a reservation. */
  get waiting(): number {
    return this.#waiters.size
  }

  /** Returns false if the first share has no room. */
  tryTake(bytes: number): boolean {
    if (this.#shared + bytes > this.#share) return false
    this.#shared += bytes
    this.#onChange(bytes)
    return true
  }

  release(bytes: number): void {
    this.#shared -= bytes
    this.#onChange(-bytes)
  }

  /** Waits in order of arrival for room in the second share. Rejects with the reason of `signal`. */
  reserve(bytes: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const accept = () => {
        signal.removeEventListener('abort', stopWaiting)
        resolve()
      }
      const stopWaiting = () => {
        this.#waiters.delete(waiter)
        reject(signal.reason)
        this.#serveWaiters()
      }
      const waiter = { bytes, accept }
      if (signal.aborted) return reject(signal.reason)
      signal.addEventListener('abort', stopWaiting, { once: true })
      this.#waiters.add(waiter)
      this.#serveWaiters()
    })
  }

  endReservation(bytes: number): void {
    this.#reserved -= bytes
    this.#onChange(-bytes)
    this.#serveWaiters()
  }

  /** While nothing is reserved, any reservation fits: some upload must always continue. */
  #serveWaiters(): void {
    for (const waiter of this.#waiters) {
      if (this.#reserved > 0 && this.#reserved + waiter.bytes > this.#share) return
      this.#waiters.delete(waiter)
      this.#reserved += waiter.bytes
      this.#onChange(waiter.bytes)
      waiter.accept()
    }
  }
}
