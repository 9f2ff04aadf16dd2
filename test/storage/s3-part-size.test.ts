import { describe, expect, it } from 'vitest'
import { GiB, MiB } from '../../src/shared/sizes.ts'
import { MAX_PART_SIZE, MAX_S3_PARTS, MIN_PART_SIZE, partSizeFor } from '../../src/storage/s3-part-size.ts'

const TiB = 1024 * GiB

describe('partSizeFor', () => {
  it.each([
    ['0 B', 0, 5 * MiB],
    ['1 MB', MiB, 5 * MiB],
    ['48.8 GB, the most for parts of 5 MB', MAX_S3_PARTS * 5 * MiB, 5 * MiB],
    ['one byte more', MAX_S3_PARTS * 5 * MiB + 1, 6 * MiB],
    ['100 GB', 100 * GiB, 11 * MiB],
    ['1 TB', TiB, 105 * MiB],
    ['5 TB', 5 * TiB, 525 * MiB],
  ])('for a file of %s', (_, largest, expected) => {
    expect(partSizeFor(largest, MIN_PART_SIZE)).toBe(expected)
  })

  it('never needs more than 10,000 parts, and never parts larger than they may be, up to 5 TB', () => {
    for (let largest = 1; largest <= 5 * TiB; largest = largest * 3 + 7) {
      const size = partSizeFor(largest, MIN_PART_SIZE)
      expect(Math.ceil(largest / size)).toBeLessThanOrEqual(MAX_S3_PARTS)
      expect(size).toBeLessThanOrEqual(MAX_PART_SIZE)
      expect(size).toBeGreaterThanOrEqual(MIN_PART_SIZE)
    }
  })

  it('never goes below the part size that was asked for', () => {
    expect(partSizeFor(100 * GiB, 64 * MiB)).toBe(64 * MiB)
  })
})
