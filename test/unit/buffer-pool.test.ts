import { describe, expect, it } from 'vitest'
import { createBufferPool } from '../../src/buffer-pool.ts'
import { KiB, MiB } from '../../src/sizes.ts'

describe('the buffer pool', () => {
  it.each([
    [0, 16 * KiB],
    [1, 16 * KiB],
    [16 * KiB + 1, 32 * KiB],
    [MiB, MiB],
    [MiB + 1, 2 * MiB],
    [5 * MiB, 5 * MiB],
    [525 * MiB, 525 * MiB],
  ])('lends for %i bytes a buffer of %i', (size, length) => {
    expect(createBufferPool().lend(size)).toHaveLength(length)
  })

  it('lends again what came back, the last first', () => {
    const pool = createBufferPool()
    const [first, second] = [pool.lend(MiB), pool.lend(MiB)]
    pool.giveBack(first)
    pool.giveBack(second.subarray(10, 20))
    expect(pool.lend(MiB).buffer).toBe(second.buffer)
    expect(pool.lend(MiB).buffer).toBe(first.buffer)
    expect([first.buffer, second.buffer]).not.toContain(pool.lend(MiB).buffer)
  })

  it('never lends one buffer twice at a time', () => {
    const pool = createBufferPool()
    const lent = new Set(Array.from({ length: 50 }, () => pool.lend(16 * KiB).buffer))
    expect(lent.size).toBe(50)
  })

  it('keeps no more than it may', () => {
    const pool = createBufferPool(2 * MiB)
    const lent = [pool.lend(MiB), pool.lend(MiB), pool.lend(MiB)]
    for (const buffer of lent) pool.giveBack(buffer)
    const again = [pool.lend(MiB), pool.lend(MiB), pool.lend(MiB)].map(({ buffer }) => buffer)
    expect(lent.filter(({ buffer }) => again.includes(buffer))).toHaveLength(2)
  })

  it('takes no buffer that it has not lent', () => {
    const pool = createBufferPool()
    pool.giveBack(Buffer.alloc(0))
    expect(pool.lend(0)).toHaveLength(16 * KiB)
  })
})
