import type { Holder } from './shortage.ts'

/**
 * Bounds the memory that all its uploads use together: their part buffers, their fields, and 256 KB for each upload.
 * When it is used up, uploads queue in order of arrival, and the server does not read them. Buffers below 1 MB have an
 * eighth of the budget of their own: small files never wait behind large ones.
 */
export interface MemoryBudget {
  /** Bytes. */
  readonly size: number
  /** Bytes of the part buffers lent now. Never more than `size`. */
  readonly inUse: number
  /** Uploads that wait for memory. */
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
  tryBorrow(size: number, holder?: Holder): Loan | undefined
  /** Waits in order of arrival. Rejects with the reason of `signal`. */
  borrow(size: number, signal: AbortSignal, holder?: Holder): Promise<Loan>
  /** Counts bytes that an upload keeps besides its part buffers. Returns false if there is no room. */
  tryKeep(bytes: number, holder?: Holder): boolean
  /** Ends what `tryKeep` has counted. */
  release(bytes: number, holder?: Holder): void
  /** Waits until an upload may keep this much more. Called at most once for an upload: as much as it may ever need. */
  reserve(bytes: number, signal: AbortSignal, holder?: Holder): Promise<void>
  /** Ends what `reserve` has counted. */
  endReservation(bytes: number, holder?: Holder): void
}
