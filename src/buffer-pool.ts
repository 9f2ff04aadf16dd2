import { KiB, MiB } from './sizes.ts'

/** Lends the buffers that S3 parts are gathered in, so that they are made once and not once for every part. */
export interface BufferPool {
  /** A buffer of at least `size` bytes, with whatever was in it before. */
  lend(size: number): Buffer
  /**
   * Takes a lent buffer, or any part of it. Only for one that nobody will read or write any more: one that a
   * socket may still be reading is dropped instead.
   */
  giveBack(buffer: Buffer): void
  /** Moves the first `size` bytes to a smaller buffer, where that saves half or more; takes the larger one back. */
  shrink(buffer: Buffer, size: number): Buffer
}

const SMALLEST = 16 * KiB
/** How many bytes wait in a pool to be lent again. What comes back beyond that is left to the garbage collector. */
const KEPT = 64 * MiB

export function createBufferPool(kept: number = KEPT): BufferPool {
  const free = new Map<number, Buffer[]>()
  let freeBytes = 0

  function lend(size: number): Buffer {
    const length = sizeClass(size)
    // The last one given back is the one most likely to be in the processor's caches.
    const buffer = free.get(length)?.pop()
    if (buffer === undefined) return Buffer.allocUnsafeSlow(length)
    freeBytes -= length
    return buffer
  }

  function giveBack({ buffer: memory }: Buffer): void {
    const length = memory.byteLength
    if (length < SMALLEST || freeBytes + length > kept) return
    freeBytes += length
    const alike = free.get(length)
    if (alike) alike.push(Buffer.from(memory))
    else free.set(length, [Buffer.from(memory)])
  }

  function shrink(buffer: Buffer, size: number): Buffer {
    if (2 * sizeClass(size) > buffer.length) return buffer
    const small = lend(size)
    buffer.copy(small, 0, 0, size)
    giveBack(buffer)
    return small
  }

  return { lend, giveBack, shrink }
}

/** Powers of two up to 1 MiB, then whole MiB: few enough sizes that a buffer given back fits the next loan. */
function sizeClass(size: number): number {
  if (size > MiB) return Math.ceil(size / MiB) * MiB
  return Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(Math.max(1, size))))
}

/** Shared by every upload of the process. */
export const sharedBuffers = createBufferPool()
