import { formatSize } from '../shared/sizes.ts'
import { Admission, isLarge } from './admission.ts'
import { createBufferPool, sizeClass } from './buffer-pool.ts'
import { KeptMemory } from './kept-memory.ts'
import type { Lender, Loan } from './lender.ts'
import { type Holder, Shortage } from './shortage.ts'

interface Waiter {
  length: number
  holder: Holder | undefined
  accept(loan: Loan): void
}

export class BufferLender implements Lender {
  readonly size: number
  inUse = 0
  /** Bytes of the buffers below 1 MiB that are lent. */
  #smallInUse = 0
  readonly #pool = createBufferPool()
  /** In order of arrival. */
  readonly #waiters = new Set<Waiter>()
  #largeWaiting = 0
  readonly #admission: Admission
  readonly #kept: KeptMemory
  readonly #shortage: Shortage

  constructor(size: number) {
    const serveWaiters = () => this.#serveWaiters()
    const admission = new Admission(size, serveWaiters)
    this.size = size
    this.#admission = admission
    this.#kept = new KeptMemory(size, bytes => admission.keep(bytes))
    this.#shortage = new Shortage(serveWaiters)
  }

  get waiting(): number {
    return this.#waiters.size + this.#kept.waiting
  }

  register(): () => void {
    return this.#admission.register()
  }

  tryBorrow(bytes: number, holder?: Holder): Loan | undefined {
    const length = this.#lengthFor(bytes)
    return this.#mayOvertake(length) && this.#fits(length) ? this.#lend(length, holder) : undefined
  }

  async borrow(bytes: number, signal: AbortSignal, holder?: Holder): Promise<Loan> {
    signal.throwIfAborted()
    return this.tryBorrow(bytes, holder) ?? this.#waitForBuffer(this.#lengthFor(bytes), signal, holder)
  }

  tryKeep(bytes: number, holder?: Holder): boolean {
    if (!this.#kept.tryTake(bytes)) return false
    this.#shortage.count(holder, bytes)
    return true
  }

  release(bytes: number, holder?: Holder): void {
    this.#shortage.count(holder, -bytes)
    this.#kept.release(bytes)
  }

  async reserve(bytes: number, signal: AbortSignal, holder?: Holder): Promise<void> {
    const reserved = this.#kept.reserve(bytes, signal)
    this.#watchShortage()
    try {
      await reserved
    } finally {
      this.#watchShortage()
    }
    this.#shortage.count(holder, bytes)
  }

  endReservation(bytes: number, holder?: Holder): void {
    this.#shortage.count(holder, -bytes)
    this.#kept.endReservation(bytes)
  }

  #lengthFor(bytes: number): number {
    const length = sizeClass(bytes)
    if (length <= this.size) return length
    throw new RangeError(
      `A part buffer of ${formatSize(length)} does not fit into a memoryBudget of ${formatSize(this.size)}.`,
    )
  }

  /** True if no upload waits for its turn before a new request for this length. */
  #mayOvertake(length: number): boolean {
    const [first] = this.#waiters
    if (first === undefined) return true
    const isOnlyLarge = this.#largeWaiting === this.#waiters.size
    return !isLarge(length) && isOnlyLarge && !this.#needsEmptyBudget(first.length)
  }

  /** True if a large buffer fits only while small ones use less than their share. They must wait behind it then. */
  #needsEmptyBudget(length: number): boolean {
    return length + this.#admission.smallShare > this.#admission.capacity()
  }

  /** While nothing is lent, any buffer fits: some upload must always continue. */
  #fits(length: number): boolean {
    if (this.inUse === 0) return true
    const { smallShare } = this.#admission
    const lent = this.inUse + length
    if (isLarge(length)) {
      if (lent - this.#smallInUse > this.size - smallShare || lent > this.#admission.capacity()) return false
      return this.#pool.has(length) || this.#admission.mayAllocate(length)
    }
    if (this.#smallInUse + length <= smallShare && lent <= this.size) return true
    return this.#largeWaiting === 0 && lent <= this.#admission.capacity()
  }

  #waitForBuffer(length: number, signal: AbortSignal, holder: Holder | undefined): Promise<Loan> {
    return new Promise((resolve, reject) => {
      const accept = (loan: Loan) => {
        signal.removeEventListener('abort', stopWaiting)
        resolve(loan)
      }
      const stopWaiting = () => {
        this.#removeWaiter(waiter)
        reject(signal.reason)
        // Smaller buffers behind this one may fit now.
        this.#serveWaiters()
      }
      const waiter = { length, holder, accept }
      signal.addEventListener('abort', stopWaiting, { once: true })
      this.#waiters.add(waiter)
      if (isLarge(length)) this.#largeWaiting++
      this.#watchShortage()
    })
  }

  #removeWaiter(waiter: Waiter): void {
    this.#waiters.delete(waiter)
    if (isLarge(waiter.length)) this.#largeWaiting--
    this.#watchShortage()
  }

  #watchShortage(): void {
    if (this.waiting > 0) this.#shortage.begin()
    else this.#shortage.end()
  }

  /** Serves small and large buffers each in their order. */
  #serveWaiters(): void {
    let isLargeBlocked = false
    let isSmallBlocked = false
    for (const waiter of this.#waiters) {
      const large = isLarge(waiter.length)
      if (large ? isLargeBlocked : isSmallBlocked) continue
      if (this.#fits(waiter.length)) {
        this.#removeWaiter(waiter)
        waiter.accept(this.#lend(waiter.length, waiter.holder))
      } else if (large) isLargeBlocked = true
      else isSmallBlocked = true
      if (isSmallBlocked && isLargeBlocked) return
      if (isLargeBlocked && large && this.#needsEmptyBudget(waiter.length)) return
    }
  }

  #lend(length: number, holder: Holder | undefined): Loan {
    let ended = false
    const shrink = (bytes: number) => {
      if (ended || 2 * sizeClass(bytes) > loan.buffer.length) return
      const large = loan.buffer
      loan.buffer = this.#take(sizeClass(bytes), holder)
      large.copy(loan.buffer, 0, 0, bytes)
      this.#pool.put(large)
      this.#end(large.length, holder)
    }
    const release = () => {
      if (ended) return
      this.#pool.put(loan.buffer)
      drop()
    }
    const drop = () => {
      if (ended) return
      ended = true
      this.#end(loan.buffer.length, holder)
    }
    const loan = { buffer: this.#take(length, holder), shrink, release, drop }
    return loan
  }

  #take(length: number, holder: Holder | undefined): Buffer {
    this.#count(length, length)
    this.#shortage.count(holder, length)
    if (!this.#pool.has(length)) this.#admission.noteAllocation(length)
    const buffer = this.#pool.take(length)
    this.#trimPool()
    return buffer
  }

  #end(length: number, holder: Holder | undefined): void {
    this.#count(length, -length)
    this.#shortage.count(holder, -length)
    this.#trimPool()
    this.#serveWaiters()
  }

  #count(length: number, bytes: number): void {
    this.inUse += bytes
    if (!isLarge(length)) this.#smallInUse += bytes
  }

  /** Lent buffers and the pool together stay within the capacity. */
  #trimPool(): void {
    this.#pool.trim(this.#admission.maxPoolBytes(this.inUse))
  }
}
