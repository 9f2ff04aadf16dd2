import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createSilenceLimit } from '../../src/storage/silence-limit.ts'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const silent = new Error('silent')
const never = () => new Promise<never>(() => {})

/** Watches a task that never settles, and reports what became of it. */
function watchSilence(limit = createSilenceLimit(1000)) {
  const outcome = vi.fn<(error: unknown) => void>()
  limit.watch(never, () => silent).catch(outcome)
  return { ...limit, outcome }
}

describe('the silence limit', () => {
  it('rejects a task that shows no progress, at its limit', async () => {
    const { outcome } = watchSilence()
    await vi.advanceTimersByTimeAsync(999)
    expect(outcome).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(outcome).toHaveBeenCalledExactlyOnceWith(silent)
  })

  it('starts again with each sign of progress', async () => {
    const { outcome, renew } = watchSilence()
    for (let sign = 0; sign < 5; sign++) {
      await vi.advanceTimersByTimeAsync(999)
      renew()
    }
    expect(outcome).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1000)
    expect(outcome).toHaveBeenCalledOnce()
  })

  it('stops while a task with a limit of its own runs, and starts again when it fails', async () => {
    const { outcome, exempt } = watchSilence()
    let fail = (_: Error) => {}
    const task = exempt(() => new Promise((_, reject) => (fail = reject))).catch(error => error)
    const other = exempt(async () => 'done')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(outcome).not.toHaveBeenCalled()
    fail(new Error('failed'))
    expect(await other).toBe('done')
    expect(await task).toEqual(new Error('failed'))
    await vi.advanceTimersByTimeAsync(1000)
    expect(outcome).toHaveBeenCalledOnce()
  })

  it('ignores a suspension that is ended twice', async () => {
    const { outcome, suspend } = watchSilence()
    const [first] = [suspend(), suspend()]
    first()
    first()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(outcome).not.toHaveBeenCalled()
  })

  it('passes on what a task returns and throws, and leaves no timer', async () => {
    const { watch } = createSilenceLimit(1000)
    expect(await watch(async () => 'value', vi.fn<() => Error>())).toBe('value')
    expect(await watch(() => 'no promise', vi.fn<() => Error>())).toBe('no promise')
    const thrown = watch(
      () => {
        throw silent
      },
      () => new Error('unused'),
    )
    await expect(thrown).rejects.toBe(silent)
    expect(vi.getTimerCount()).toBe(0)
  })
})
