import { totalmem } from 'node:os'
import { formatSize, KiB, MiB, parseSize, type Size } from '../shared/sizes.ts'
import { createBufferPool, sizeClass } from './buffer-pool.ts'

/**
 * The memory that uploads may take together: their part buffers, and what each takes besides. Uploads that find none
 * left are not read meanwhile.
 */
export interface MemoryBudget {
  /** Bytes. */
  readonly size: number
  /** Bytes of part buffers lent at this moment. Never more than `size`. */
  readonly inUse: number
  /** Uploads that wait for a part buffer, and are not read until they have it. */
  readonly waiting: number
}

/** A part buffer that is lent. It ends once, by `giveBack` or `drop`; what is said of it after that is ignored. */
export interface Loan {
  /** At least as long as was asked for, with whatever was in it before. */
  readonly buffer: Buffer
  /** Moves the first `size` bytes to a smaller buffer, where that saves half or more. */
  shrink(size: number): void
  /** Only for a buffer that nobody reads or writes any more. */
  giveBack(): void
  /** For a buffer that a socket may still be reading: it is never lent again. */
  drop(): void
}

/** What uploads see of a budget. */
export interface Lender extends MemoryBudget {
  /** Counts one more upload, until the returned function is called. */
  enter(): () => void
  /** Undefined where it has to be waited for: there is too little, or others were first. */
  tryBorrow(size: number): Loan | undefined
  /** First come, first served. Rejects with the reason of `signal`. */
  borrow(size: number, signal: AbortSignal): Promise<Loan>
}

interface Waiter {
  length: number
  take(loan: Loan): void
}

/**
 * What an upload takes besides its part buffers, as seen with hundreds of them: bytes. What Node has read from its socket
 * before it could be told to wait, objects, and garbage that is not collected yet.
 */
const EACH = 256 * KiB

/** How much of one upload is free again with each that ends: the heap has holes, and garbage is collected late. */
const BACK = 1 / 4

/** The share of the budget that stays for part buffers, however many uploads there are. */
const LEAST = 2 / 5

/** From this size on, one new buffer is made in each turn of the event loop: bytes. */
const LARGE = MiB

/** With nothing lent, this much is kept to be lent again: bytes. */
const KEPT = 64 * MiB

/**
 * A budget of its own for some routes: give it to each of them as `memoryBudget`.
 *
 * @param size bytes, or text such as `'512MB'`. Never are more bytes than this in part buffers; what can be stored
 * per second is at most `size` divided by the time that S3 takes to answer
 * @throws TypeError for what is not a size
 */
export function createMemoryBudget(size: Size): MemoryBudget {
  return createLender(parseSize(size, 'memoryBudget'))
}

export function createLender(size: number): Lender {
  const pool = createBufferPool()
  const waiters = new Set<Waiter>()
  let inUse = 0
  let uploads = 0
  /** Uploads, and those whose memory is not free yet although they have ended. */
  let crowd = 0
  /** Whether a large buffer has been made in this turn of the event loop. */
  let grown = false

  function enter(): () => void {
    uploads++
    crowd = Math.max(crowd, uploads)
    return () => {
      uploads--
      crowd = Math.max(uploads, crowd - BACK)
      serve()
    }
  }

  function lengthFor(bytes: number): number {
    const length = sizeClass(bytes)
    if (length <= size) return length
    throw new RangeError(
      `A part buffer of ${formatSize(length)} never fits into a memoryBudget of ${formatSize(size)}.`,
    )
  }

  /** What there is for part buffers. */
  function capacity(): number {
    return Math.max(size * LEAST, size - crowd * EACH)
  }

  /** A single buffer always fits: somebody has to go on. */
  function fits(length: number): boolean {
    return inUse === 0 || (inUse + length <= capacity() && mayGrow(length))
  }

  /** Of a crowd that comes at once, the first are not to have everything before the others have been counted. */
  function mayGrow(length: number): boolean {
    return !grown || !grows(length)
  }

  function grows(length: number): boolean {
    return length >= LARGE && !pool.has(length)
  }

  function grow(): void {
    grown = true
    setImmediate(() => {
      grown = false
      serve()
    })
  }

  function tryBorrow(bytes: number): Loan | undefined {
    const length = lengthFor(bytes)
    return waiters.size === 0 && fits(length) ? lend(length) : undefined
  }

  async function borrow(bytes: number, signal: AbortSignal): Promise<Loan> {
    signal.throwIfAborted()
    return tryBorrow(bytes) ?? turn(lengthFor(bytes), signal)
  }

  function turn(length: number, signal: AbortSignal): Promise<Loan> {
    return new Promise((resolve, reject) => {
      const waiter = { length, take }
      function take(loan: Loan) {
        signal.removeEventListener('abort', giveUp)
        resolve(loan)
      }
      function giveUp() {
        waiters.delete(waiter)
        reject(signal.reason)
        // It may have been a large one that held up smaller ones.
        serve()
      }
      signal.addEventListener('abort', giveUp, { once: true })
      waiters.add(waiter)
    })
  }

  function serve(): void {
    for (const waiter of waiters) {
      if (!fits(waiter.length)) return
      waiters.delete(waiter)
      waiter.take(lend(waiter.length))
    }
  }

  /** What waits in the pool counts too: lent and free buffers together stay within the capacity. */
  function trim(): void {
    pool.trim(inUse === 0 ? Math.min(KEPT, capacity()) : Math.max(0, capacity() - inUse))
  }

  function take(length: number): Buffer {
    inUse += length
    if (!grown && grows(length)) grow()
    const buffer = pool.take(length)
    trim()
    return buffer
  }

  function lend(length: number): Loan {
    const loan = { buffer: take(length), shrink, giveBack, drop }
    let ended = false

    function shrink(bytes: number) {
      if (ended || 2 * sizeClass(bytes) > loan.buffer.length) return
      const large = loan.buffer
      loan.buffer = take(sizeClass(bytes))
      large.copy(loan.buffer, 0, 0, bytes)
      inUse -= large.length
      pool.put(large)
      trim()
      serve()
    }
    function giveBack() {
      if (ended) return
      pool.put(loan.buffer)
      drop()
    }
    function drop() {
      if (ended) return
      ended = true
      inUse -= loan.buffer.length
      trim()
      serve()
    }
    return loan
  }

  return {
    size,
    get inUse() {
      return inUse
    },
    get waiting() {
      return waiters.size
    },
    enter,
    tryBorrow,
    borrow,
  }
}

/** The smaller of 256 MiB and a quarter of the memory that this process may use. */
function defaultSize(): number {
  // 0 where it is not known, and absurdly large where nothing constrains the process.
  const constrained = process.constrainedMemory() || Number.POSITIVE_INFINITY
  return Math.min(256 * MiB, Math.floor(Math.min(constrained, totalmem()) / 4))
}

export const processBudget = createLender(defaultSize())

/** Shared by every upload of the process that has no `memoryBudget` of its own. */
export const defaultMemoryBudget: MemoryBudget = processBudget
