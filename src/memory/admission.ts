import { KiB, MiB } from '../shared/sizes.ts'

/**
 * Memory of one upload besides its part buffers, measured with hundreds of uploads: bytes that Node has read from the
 * socket before it pauses, objects, and garbage that V8 has not collected yet.
 */
const UPLOAD_OVERHEAD_BYTES = 256 * KiB

/**
 * Time in which half of the overhead of ended uploads becomes free: the heap is fragmented, and V8 collects garbage
 * late. It is a time, not a number of uploads: many connections that come and leave must not keep the budget small
 * until as many others have followed.
 */
const OVERHEAD_HALF_LIFE_MS = 1000

/** Share of the budget that remains for part buffers, for any number of uploads. */
const MIN_BUFFER_SHARE = 2 / 5

/** Buffers below this size are small: they have a share of their own. Of the others, one is allocated per tick. */
const LARGE_BUFFER_BYTES = MiB

/** Share of the budget that only small buffers use, so that small files never wait behind large ones. */
const SMALL_BUFFER_SHARE = 1 / 8

/** Maximum bytes that the pool keeps while no buffer is lent. */
const MAX_IDLE_POOL_BYTES = 64 * MiB

export function isLarge(length: number): boolean {
  return length >= LARGE_BUFFER_BYTES
}

/**
 * Models the memory that Node and V8 use for uploads besides their part buffers. Decides how much of a budget remains
 * for part buffers, and when a new one may be allocated.
 */
export class Admission {
  readonly #size: number
  readonly #onRoom: () => void
  #activeUploads = 0
  /** Ended uploads whose overhead is not free yet, as many as there were at `#endedAt`. */
  #endedUploads = 0
  #endedAt = 0
  #keptBytes = 0
  #allocatedThisTick = false

  /**
   * @param size bytes of the budget
   * @param onRoom called when a buffer that did not fit may fit now. Room that comes back by time alone is not reported
   */
  constructor(size: number, onRoom: () => void) {
    this.#size = size
    this.#onRoom = onRoom
  }

  /** Counts an upload, which takes over the overhead of an ended one. Returns the function that ends it. */
  register(): () => void {
    this.#activeUploads++
    this.#setEnded(this.#remainingEnded() - 1)
    return () => {
      this.#activeUploads--
      this.#setEnded(this.#remainingEnded() + 1)
      this.#onRoom()
    }
  }

  #remainingEnded(): number {
    if (this.#endedUploads === 0) return 0
    return this.#endedUploads * 2 ** ((this.#endedAt - performance.now()) / OVERHEAD_HALF_LIFE_MS)
  }

  #setEnded(uploads: number): void {
    this.#endedUploads = Math.max(0, uploads)
    this.#endedAt = performance.now()
  }

  /** Counts bytes that uploads keep besides their part buffers, such as fields. */
  keep(bytes: number): void {
    this.#keptBytes += bytes
    if (bytes < 0) this.#onRoom()
  }

  /** Returns the bytes that part buffers may use now, lent or in the pool. */
  capacity(): number {
    const overhead = (this.#activeUploads + this.#remainingEnded()) * UPLOAD_OVERHEAD_BYTES
    return Math.max(this.#size * MIN_BUFFER_SHARE, this.#size - overhead - this.#keptBytes)
  }

  /** Bytes that only small buffers may use. */
  get smallShare(): number {
    return this.#size * SMALL_BUFFER_SHARE
  }

  /** Returns the bytes that the pool may keep while `inUse` bytes are lent. */
  maxPoolBytes(inUse: number): number {
    if (inUse === 0) return Math.min(MAX_IDLE_POOL_BYTES, this.capacity())
    return Math.max(0, this.capacity() - inUse)
  }

  /**
   * False for a large buffer after another one in this tick: in a burst, the first uploads must not take every buffer
   * before the rest have registered.
   */
  mayAllocate(length: number): boolean {
    return !isLarge(length) || !this.#allocatedThisTick
  }

  /** Notes that a new buffer is allocated. */
  noteAllocation(length: number): void {
    if (!isLarge(length) || this.#allocatedThisTick) return
    this.#allocatedThisTick = true
    setImmediate(() => {
      this.#allocatedThisTick = false
      this.#onRoom()
    })
  }
}
