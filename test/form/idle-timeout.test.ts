import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createRequestWatch, type RequestWatch } from '../../src/form/idle-timeout.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

function watch() {
  const onIdle = vi.fn<(milliseconds: number) => void>()
  const totals: number[] = []
  return { ...createRequestWatch(30 * SECOND, total => totals.push(total), onIdle), onIdle, totals }
}

describe('the watch over a request', () => {
  it('counts, and tells when nothing has come for a while', () => {
    const { count, resume, onIdle, totals } = watch()
    resume()
    vi.advanceTimersByTime(29 * SECOND)
    count(5)
    vi.advanceTimersByTime(29 * SECOND)
    count(6)
    expect(onIdle).not.toHaveBeenCalled()
    vi.advanceTimersByTime(30 * SECOND)
    expect(onIdle).toHaveBeenCalledExactlyOnceWith(30 * SECOND)
    expect(totals).toEqual([5, 11])
  })

  it('is patient while the request is not read', () => {
    const { resume, pause, onIdle } = watch()
    resume()
    pause()
    vi.advanceTimersByTime(10 * MINUTE)
    expect(onIdle).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each([
    ['no longer than others', 10 * SECOND, 30 * SECOND],
    ['at least as long as it waited', 70 * SECOND, 90 * SECOND],
    ['two minutes at most', 10 * MINUTE, 2 * MINUTE],
  ])('gives a client that was made to wait %s', (_, waited, patience) => {
    const { resume, pause, onIdle } = watch()
    resume()
    pause()
    vi.advanceTimersByTime(waited)
    resume()
    vi.advanceTimersByTime(patience - 1)
    expect(onIdle).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(onIdle).toHaveBeenCalledExactlyOnceWith(patience)
  })

  it.each([
    ['bytes', ({ count }: RequestWatch) => count(1)],
    [
      'a short wait',
      ({ pause, resume }: RequestWatch) => {
        pause()
        resume()
      },
    ],
  ])('is no less patient after %s, which may have been there before the wait', (_, happens) => {
    const { onIdle, ...watched } = watch()
    watched.resume()
    watched.pause()
    vi.advanceTimersByTime(MINUTE)
    watched.resume()
    vi.advanceTimersByTime(SECOND)
    happens(watched)
    vi.advanceTimersByTime(MINUTE - 1)
    expect(onIdle).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(onIdle).toHaveBeenCalledExactlyOnceWith(MINUTE)
  })

  it('has its usual patience again when that time is over', () => {
    const { count, resume, pause, onIdle } = watch()
    pause()
    vi.advanceTimersByTime(MINUTE)
    resume()
    vi.advanceTimersByTime(MINUTE - 1)
    count(1)
    vi.advanceTimersByTime(30 * SECOND)
    expect(onIdle).toHaveBeenCalledExactlyOnceWith(30 * SECOND)
  })

  it('counts what comes although the request is paused', () => {
    const { count, resume, pause, onIdle, totals } = watch()
    resume()
    pause()
    count(7)
    vi.advanceTimersByTime(MINUTE)
    expect(totals).toEqual([7])
    expect(onIdle).not.toHaveBeenCalled()
  })
})
