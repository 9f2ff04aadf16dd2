import { KiB, MiB } from '../shared/sizes.ts'

/**
 * Memory of one upload besides its part buffers, measured with hundreds of uploads: bytes that Node has read from the
 * socket before it pauses, objects, and garbage that V8 has not collected yet.
 */
const UPLOAD_OVERHEAD_BYTES = 256 * KiB

/**
 * Share of one upload's overhead that each upload that ends frees: the heap is fragmented, and V8 collects garbage
 * late.
 */
const OVERHEAD_DECAY = 1 / 4

/** Share of the budget that remains for part buffers, for any number of uploads. */
const MIN_BUFFER_SHARE = 2 / 5

/** From this size, one new buffer is allocated per tick of the event loop. */
const LARGE_BUFFER_BYTES = MiB

/** Maximum bytes that the pool keeps while no buffer is lent. */
const MAX_IDLE_POOL_BYTES = 64 * MiB

/**
 * Models the memory that Node and V8 use for uploads besides their part buffers. Decides how much of a budget remains
 * for part buffers, and when a new one may be allocated.
 */
export class Admission {
  readonly #size: number
  readonly #onRoom: () => void
  #activeUploads = 0
  /** Active uploads, and ended ones whose overhead is not free yet. */
  #countedUploads = 0
  #allocatedThisTick = false

  /**
   * @param size bytes of the budget
   * @param onRoom called when a buffer that did not fit may fit now
   */
  constructor(size: number, onRoom: () => void) {
    this.#size = size
    this.#onRoom = onRoom
  }

  /** Counts an upload. Returns the function that ends it. */
  register(): () => void {
    this.#activeUploads++
    this.#countedUploads = Math.max(this.#countedUploads, this.#activeUploads)
    return () => {
      this.#activeUploads--
      this.#countedUploads = Math.max(this.#activeUploads, this.#countedUploads - OVERHEAD_DECAY)
      this.#onRoom()
    }
  }

  /** Returns the bytes that part buffers may use now, lent or in the pool. */
  capacity(): number {
    const overhead = this.#countedUploads * UPLOAD_OVERHEAD_BYTES
    return Math.max(this.#size * MIN_BUFFER_SHARE, this.#size - overhead)
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
    return length < LARGE_BUFFER_BYTES || !this.#allocatedThisTick
  }

  /** Notes that a new buffer is allocated. */
  noteAllocation(length: number): void {
    if (length < LARGE_BUFFER_BYTES || this.#allocatedThisTick) return
    this.#allocatedThisTick = true
    setImmediate(() => {
      this.#allocatedThisTick = false
      this.#onRoom()
    })
  }
}
