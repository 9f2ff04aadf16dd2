import { totalmem } from 'node:os'
import { formatSize, MiB, parseSize, type Size } from '../shared/sizes.ts'
import { Admission } from './admission.ts'
import { createBufferPool, sizeClass } from './buffer-pool.ts'

/**
 * Bounds the memory that all its uploads use together: their part buffers, and 256 KB for each upload. When it is
 * used up, uploads queue in order of arrival, and the server does not read them.
 */
export interface MemoryBudget {
  /** Bytes. */
  readonly size: number
  /** Bytes of the part buffers lent now. Never more than `size`. */
  readonly inUse: number
  /** Uploads that wait for a part buffer. */
  readonly waiting: number
}

/** A part buffer that an upload has borrowed. `release` or `drop` ends the loan; later calls have no effect. */
export interface Loan {
  /** At least as long as requested. Contains the bytes of an earlier loan. */
  readonly buffer: Buffer
  /** Moves the first `size` bytes to a smaller buffer if that saves half or more. */
  shrink(size: number): void
  /** Returns the buffer to the pool. Nothing may read or write it any more. */
  release(): void
  /** Gives the buffer up, because a socket may still read it. It is never lent again. */
  drop(): void
}

/** The interface of a budget for uploads. */
export interface Lender extends MemoryBudget {
  /** Counts an upload. Returns the function that ends it. */
  register(): () => void
  /** Returns undefined if the upload must wait: the budget is used up, or other uploads wait. */
  tryBorrow(size: number): Loan | undefined
  /** Waits in order of arrival. Rejects with the reason of `signal`. */
  borrow(size: number, signal: AbortSignal): Promise<Loan>
}

/**
 * Creates a budget for some routes: pass it to each of them as `memoryBudget`.
 *
 * @param size bytes, or a string such as `'512MB'`. The bytes stored per second are at most `size` divided by the
 * time that S3 takes for a part
 * @throws TypeError if `size` is not a size
 */
export function createMemoryBudget(size: Size): MemoryBudget {
  return createLender(parseSize(size, 'memoryBudget'))
}

export function createLender(size: number): Lender {
  return new BufferLender(size)
}

interface Waiter {
  length: number
  accept(loan: Loan): void
}

class BufferLender implements Lender {
  readonly size: number
  inUse = 0
  waiting = 0
  readonly #pool = createBufferPool()
  readonly #waiters = new Set<Waiter>()
  readonly #admission: Admission

  constructor(size: number) {
    this.size = size
    this.#admission = new Admission(size, () => this.#serveWaiters())
  }

  register(): () => void {
    return this.#admission.register()
  }

  tryBorrow(bytes: number): Loan | undefined {
    const length = this.#lengthFor(bytes)
    return this.waiting === 0 && this.#fits(length) ? this.#lend(length) : undefined
  }

  async borrow(bytes: number, signal: AbortSignal): Promise<Loan> {
    signal.throwIfAborted()
    return this.tryBorrow(bytes) ?? this.#waitForBuffer(this.#lengthFor(bytes), signal)
  }

  #lengthFor(bytes: number): number {
    const length = sizeClass(bytes)
    if (length <= this.size) return length
    throw new RangeError(
      `A part buffer of ${formatSize(length)} does not fit into a memoryBudget of ${formatSize(this.size)}.`,
    )
  }

  /** While nothing is lent, any buffer fits: some upload must always continue. */
  #fits(length: number): boolean {
    if (this.inUse === 0) return true
    if (this.inUse + length > this.#admission.capacity()) return false
    return this.#pool.has(length) || this.#admission.mayAllocate(length)
  }

  #waitForBuffer(length: number, signal: AbortSignal): Promise<Loan> {
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
      const waiter = { length, accept }
      signal.addEventListener('abort', stopWaiting, { once: true })
      this.#waiters.add(waiter)
      this.waiting++
    })
  }

  #removeWaiter(waiter: Waiter): void {
    this.#waiters.delete(waiter)
    this.waiting--
  }

  #serveWaiters(): void {
    for (const waiter of this.#waiters) {
      if (!this.#fits(waiter.length)) return
      this.#removeWaiter(waiter)
      waiter.accept(this.#lend(waiter.length))
    }
  }

  #lend(length: number): Loan {
    let ended = false
    const shrink = (bytes: number) => {
      if (ended || 2 * sizeClass(bytes) > loan.buffer.length) return
      const large = loan.buffer
      loan.buffer = this.#take(sizeClass(bytes))
      large.copy(loan.buffer, 0, 0, bytes)
      this.#pool.put(large)
      this.#end(large.length)
    }
    const release = () => {
      if (ended) return
      this.#pool.put(loan.buffer)
      drop()
    }
    const drop = () => {
      if (ended) return
      ended = true
      this.#end(loan.buffer.length)
    }
    const loan = { buffer: this.#take(length), shrink, release, drop }
    return loan
  }

  #take(length: number): Buffer {
    this.inUse += length
    if (!this.#pool.has(length)) this.#admission.noteAllocation(length)
    const buffer = this.#pool.take(length)
    this.#trimPool()
    return buffer
  }

  #end(length: number): void {
    this.inUse -= length
    this.#trimPool()
    this.#serveWaiters()
  }

  /** Lent buffers and the pool together stay within the capacity. */
  #trimPool(): void {
    this.#pool.trim(this.#admission.maxPoolBytes(this.inUse))
  }
}

/** Returns 256 MiB, or a quarter of the memory that this process may use if that is less. */
function defaultSize(): number {
  // 0 if the limit is unknown; a huge number if there is no limit.
  const constrained = process.constrainedMemory() || Number.POSITIVE_INFINITY
  return Math.min(256 * MiB, Math.floor(Math.min(constrained, totalmem()) / 4))
}

export const processBudget = createLender(defaultSize())

/**
 * The budget of every upload that has no `memoryBudget` of its own: 256 MB, or a quarter of the memory of the process
 * if that is less.
 */
export const defaultMemoryBudget: MemoryBudget = processBudget
