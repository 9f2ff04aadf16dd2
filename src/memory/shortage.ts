/** An upload that holds memory of a budget. */
export interface Holder {
  /** The upload, which holds no memory, gets some. */
  begin(): void
  /** Fails the upload if it is too slow. Called while other uploads wait for memory. */
  checkRate(): void
}

const CHECK_INTERVAL_MS = 1000

/** Knows which uploads hold memory. While others wait for it, checks the holders once a second. */
export class Shortage {
  readonly #heldBytes = new Map<Holder, number>()
  readonly #onCheck: () => void
  #timer: NodeJS.Timeout | undefined
  #checkedAt = Number.NEGATIVE_INFINITY

  /** @param onCheck called at each check, before the holders */
  constructor(onCheck: () => void) {
    this.#onCheck = onCheck
  }

  /** @param bytes that the upload holds from now on; negative if it has released them */
  count(holder: Holder | undefined, bytes: number): void {
    if (holder === undefined) return
    const before = this.#heldBytes.get(holder) ?? 0
    if (before === 0) holder.begin()
    if (before + bytes > 0) this.#heldBytes.set(holder, before + bytes)
    else this.#heldBytes.delete(holder)
  }

  /** Uploads wait. Can be called again. The first check follows in a later tick, when uploads that wait are paused. */
  begin(): void {
    if (this.#timer !== undefined) return
    const delay = Math.max(0, this.#checkedAt + CHECK_INTERVAL_MS - performance.now())
    // The sockets of the uploads keep the process alive.
    this.#timer = setTimeout(() => this.#check(), delay).unref()
  }

  /** No upload waits any more. */
  end(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  #check(): void {
    this.#timer = undefined
    this.#checkedAt = performance.now()
    // Schedules the next check first: the callbacks may end the shortage.
    this.begin()
    this.#onCheck()
    for (const holder of this.#heldBytes.keys()) {
      if (this.#timer === undefined) return
      holder.checkRate()
    }
  }
}
