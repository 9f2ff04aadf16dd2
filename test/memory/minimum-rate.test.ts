import { describe, expect, it } from 'vitest'
import { MinimumRate } from '../../src/memory/minimum-rate.ts'
import { KiB } from '../../src/shared/sizes.ts'

const LIMIT = { minRate: 16 * KiB, idleTimeout: 30_000 }

function watch() {
  const progress = { bytes: 0, isReading: true, readingTime: 0 }
  const errors: unknown[] = []
  const rate = new MinimumRate(progress, LIMIT, error => errors.push(error))
  const read = (seconds: number, bytesPerSecond: number) => {
    progress.readingTime += seconds * 1000
    progress.bytes += seconds * bytesPerSecond
    rate.checkRate()
  }
  rate.begin()
  return { progress, errors, rate, read }
}

describe('the minimum rate', () => {
  it('refuses a client below it, averaged over idleTimeout', () => {
    const { errors, read } = watch()
    read(29, 100)
    expect(errors).toEqual([])
    read(1, 100)
    expect(errors).toMatchObject([
      {
        code: 'CLIENT_TOO_SLOW',
        status: 408,
        limit: 16 * KiB,
        message: expect.stringMatching(/^Data arrived at 100 B\/s for 30 seconds .*The limit is 16 KB\/s\./),
      },
    ])
  })

  it('accepts a client that sends exactly so much, in bursts', () => {
    const { errors, read } = watch()
    for (let minute = 0; minute < 10; minute++) {
      read(29, 0)
      read(1, 30 * LIMIT.minRate)
    }
    expect(errors).toEqual([])
  })

  it('counts only the time in which the server reads', () => {
    const { errors, progress, rate, read } = watch()
    read(29, 0)
    progress.isReading = false
    for (let check = 0; check < 1000; check++) rate.checkRate()
    progress.isReading = true
    rate.checkRate()
    expect(errors).toEqual([])
  })

  it('does not count the time before the upload holds memory', () => {
    const progress = { bytes: 0, isReading: true, readingTime: 60_000 }
    const errors: unknown[] = []
    const rate = new MinimumRate(progress, LIMIT, error => errors.push(error))
    rate.begin()
    rate.checkRate()
    expect(errors).toEqual([])
  })

  it('is that of the response from then on', () => {
    const { errors, rate } = watch()
    const response = { bytes: 3_000_000, isReading: true, readingTime: 0 }
    let cutOffs = 0
    rate.follow(response, () => cutOffs++)
    response.readingTime += LIMIT.idleTimeout
    response.bytes += 30 * LIMIT.minRate
    rate.checkRate()
    expect(cutOffs).toBe(0)
    response.readingTime += LIMIT.idleTimeout
    rate.checkRate()
    expect(cutOffs).toBe(1)
    expect(errors).toEqual([])
  })

  it('does not start again with each buffer', () => {
    const { errors, rate, read } = watch()
    for (let file = 0; file < 3; file++) {
      read(14, 10)
      rate.begin()
    }
    expect(errors).toHaveLength(1)
  })
})
