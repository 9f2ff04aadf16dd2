import { KiB, MiB } from '../shared/sizes.ts'

/**
 * Keeps released buffers for reuse. Without it, every S3 part costs the allocation of its pages and garbage
 * collection.
 */
export interface BufferPool {
  /** True if the pool has a buffer of this size. */
  has(length: number): boolean
  /** Returns a buffer of exactly this size, which must be a `sizeClass`. Contains old bytes. */
  take(length: number): Buffer
  /** Adds a buffer, or the buffer that a view belongs to. */
  put(buffer: Buffer): void
  /** Leaves buffers to the garbage collector until at most `maxBytes` remain. */
  trim(maxBytes: number): void
}

const MIN_BUFFER_BYTES = 16 * KiB

/**
 * Returns the size of the buffer for `size` bytes: a power of two up to 1 MiB, then whole MiB. Few sizes make reuse
 * likely.
 */
export function sizeClass(size: number): number {
  if (size > MiB) return Math.ceil(size / MiB) * MiB
  return Math.max(MIN_BUFFER_BYTES, 2 ** Math.ceil(Math.log2(Math.max(1, size))))
}

export function createBufferPool(): BufferPool {
  const free = new Map<number, Buffer[]>()
  let freeBytes = 0

  function take(length: number): Buffer {
    // The buffer released last is most likely still in the CPU caches.
    const buffer = free.get(length)?.pop()
    if (buffer === undefined) return Buffer.allocUnsafeSlow(length)
    freeBytes -= length
    return buffer
  }

  function has(length: number): boolean {
    return (free.get(length)?.length ?? 0) > 0
  }

  function put({ buffer: memory }: Buffer): void {
    const buffer = Buffer.from(memory)
    freeBytes += buffer.length
    const sameSize = free.get(buffer.length)
    if (sameSize) sameSize.push(buffer)
    else free.set(buffer.length, [buffer])
  }

  function trim(maxBytes: number): void {
    if (freeBytes <= maxBytes) return
    for (const [length, sameSize] of free) {
      while (freeBytes > maxBytes && sameSize.pop()) freeBytes -= length
    }
  }

  return { has, take, put, trim }
}
