import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createIdleTimeout, type IdleTimeout } from '../../src/form/idle-timeout.ts'

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
  return { ...createIdleTimeout(30 * SECOND, onIdle), onIdle }
}

describe('the idle timeout', () => {
  it('calls back when no data has arrived for its time', () => {
    const { received, resume, onIdle } = watch()
    resume()
    vi.advanceTimersByTime(29 * SECOND)
    received()
    vi.advanceTimersByTime(29 * SECOND)
    received()
    expect(onIdle).not.toHaveBeenCalled()
    vi.advanceTimersByTime(30 * SECOND)
    expect(onIdle).toHaveBeenCalledExactlyOnceWith(30 * SECOND)
  })

  it('does not run while the request is not read', () => {
    const { resume, pause, onIdle } = watch()
    resume()
    pause()
    vi.advanceTimersByTime(10 * MINUTE)
    expect(onIdle).not.toHaveBeenCalled()
    expect(vi.getTimerCount()).toBe(0)
  })

  it.each([
    ['no further time', 10 * SECOND, 30 * SECOND],
    ['the time that it waited', 70 * SECOND, 90 * SECOND],
    ['at most two minutes', 10 * MINUTE, 2 * MINUTE],
  ])('gives a client that had to wait %s', (_, waited, time) => {
    const { resume, pause, onIdle } = watch()
    resume()
    pause()
    vi.advanceTimersByTime(waited)
    resume()
    vi.advanceTimersByTime(time - 1)
    expect(onIdle).not.toHaveBeenCalled()
    vi.advanceTimersByTime(1)
    expect(onIdle).toHaveBeenCalledExactlyOnceWith(time)
  })

  it.each([
    ['data', ({ received }: IdleTimeout) => received()],
    [
      'a short wait',
      ({ pause, resume }: IdleTimeout) => {
        pause()
        resume()
      },
    ],
  ])('keeps that time after %s, which may have been on its way before the wait', (_, happens) => {
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

  it('has its usual length again when that time is over', () => {
    const { received, resume, pause, onIdle } = watch()
    pause()
    vi.advanceTimersByTime(MINUTE)
    resume()
    vi.advanceTimersByTime(MINUTE - 1)
    received()
    vi.advanceTimersByTime(30 * SECOND)
    expect(onIdle).toHaveBeenCalledExactlyOnceWith(30 * SECOND)
  })

  it('is not started by data that arrives although the request is paused', () => {
    const { received, resume, pause, onIdle } = watch()
    resume()
    pause()
    received()
    vi.advanceTimersByTime(MINUTE)
    expect(onIdle).not.toHaveBeenCalled()
  })
})
