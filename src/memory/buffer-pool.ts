import { KiB, MiB } from '../shared/sizes.ts'

/** Memory that is used again: a buffer made afresh for every S3 part costs its pages and the garbage collector's time. */
export interface BufferPool {
  /** Whether a buffer of this size waits here. */
  has(length: number): boolean
  /** A buffer of exactly this many bytes, a `sizeClass`, with whatever was in it before. */
  take(length: number): Buffer
  /** Takes back a buffer, or any part of it. */
  put(buffer: Buffer): void
  /** Leaves to the garbage collector what waits here beyond `most` bytes. */
  trim(most: number): void
}

const SMALLEST = 16 * KiB

/** Powers of two up to 1 MiB, then whole MiB: few enough sizes that a buffer given back fits the next loan. */
export function sizeClass(size: number): number {
  if (size > MiB) return Math.ceil(size / MiB) * MiB
  return Math.max(SMALLEST, 2 ** Math.ceil(Math.log2(Math.max(1, size))))
}

export function createBufferPool(): BufferPool {
  const free = new Map<number, Buffer[]>()
  let freeBytes = 0

  function take(length: number): Buffer {
    // The last one put back is the one most likely to be in the processor's caches.
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
    const alike = free.get(buffer.length)
    if (alike) alike.push(buffer)
    else free.set(buffer.length, [buffer])
  }

  function trim(most: number): void {
    if (freeBytes <= most) return
    for (const [length, alike] of free) {
      while (freeBytes > most && alike.pop()) freeBytes -= length
    }
  }

  return { has, take, put, trim }
}
