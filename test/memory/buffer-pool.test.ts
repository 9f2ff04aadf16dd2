import { describe, expect, it } from 'vitest'
import { createBufferPool, sizeClass } from '../../src/memory/buffer-pool.ts'
import { KiB, MiB } from '../../src/shared/sizes.ts'

describe('the buffer pool', () => {
  it.each([
    [0, 16 * KiB],
    [1, 16 * KiB],
    [16 * KiB + 1, 32 * KiB],
    [MiB, MiB],
    [MiB + 1, 2 * MiB],
    [5 * MiB, 5 * MiB],
    [525 * MiB, 525 * MiB],
  ])('rounds %i bytes up to a buffer of %i', (size, length) => {
    expect(sizeClass(size)).toBe(length)
  })

  it('reuses whole buffers, the one released last first', () => {
    const pool = createBufferPool()
    const [first, second] = [pool.take(MiB), pool.take(MiB)]
    pool.put(first)
    pool.put(second.subarray(10, 20))
    const again = [pool.take(MiB), pool.take(MiB), pool.take(MiB)]
    expect(again.map(({ length }) => length)).toEqual([MiB, MiB, MiB])
    expect(again.map(({ buffer }) => buffer).slice(0, 2)).toEqual([second.buffer, first.buffer])
    expect([first.buffer, second.buffer]).not.toContain(again[2]?.buffer)
  })

  it('never returns the same buffer twice at a time', () => {
    const pool = createBufferPool()
    const taken = new Set(Array.from({ length: 50 }, () => pool.take(16 * KiB).buffer))
    expect(taken.size).toBe(50)
  })

  it('keeps at most the given bytes after trim', () => {
    const pool = createBufferPool()
    const taken = [pool.take(2 * MiB), pool.take(MiB), pool.take(MiB), pool.take(MiB)]
    for (const buffer of taken) pool.put(buffer)
    pool.trim(2 * MiB)
    const again = [pool.take(2 * MiB), pool.take(MiB), pool.take(MiB), pool.take(MiB)]
    const kept = taken.filter(({ buffer }) => again.some(other => other.buffer === buffer))
    expect(kept.reduce((sum, { length }) => sum + length, 0)).toBe(2 * MiB)
  })
})
