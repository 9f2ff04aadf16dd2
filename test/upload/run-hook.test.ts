import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { runHook } from '../../src/upload/run-hook.ts'

const signal = new AbortController().signal

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  expect(vi.getTimerCount()).toBe(0)
  expect(getEventListeners(signal, 'abort')).toEqual([])
  vi.useRealTimers()
})

describe('runHook', () => {
  it.each([
    ['returns', () => 5],
    ['resolves with', async () => 5],
  ])('passes on what a hook %s', async (_, call) => {
    expect(await runHook('key', call, signal, 100)).toBe(5)
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    [
      'rejects with',
      async () => {
        throw new Error('no')
      },
    ],
  ])('passes on what a hook %s', async (_, call) => {
    await expect(runHook('key', call, signal, 100)).rejects.toMatchObject({ code: 'REFUSED', message: 'no' })
  })

  it('rejects a hook that does not settle, at its limit', async () => {
    const outcome = runHook('params', () => new Promise(() => {}), signal, 100)
    const settled = vi.fn()
    outcome.then(settled, settled)
    await vi.advanceTimersByTimeAsync(99)
    expect(settled).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    await expect(outcome).rejects.toMatchObject({
      code: 'HOOK_FAILED',
      status: 500,
      expose: false,
      limit: 100,
      message: expect.stringMatching(/^params did not finish within 100 ms\./),
    })
  })

  it('ignores what becomes of the hook after its limit', async () => {
    let fail: (reason: unknown) => void = () => {}
    const hook = () =>
      new Promise<never>((_, reject) => {
        fail = reject
      })
    const outcome = runHook('key', hook, signal, 100)
    const expected = expect(outcome).rejects.toMatchObject({ code: 'HOOK_FAILED' })
    await vi.advanceTimersByTimeAsync(100)
    await expected
    // An unhandled rejection would fail the test run.
    fail(new Error('late'))
    await vi.advanceTimersByTimeAsync(1)
  })

  it('stops waiting when the upload ends', async () => {
    const controller = new AbortController()
    const outcome = runHook('key', () => new Promise(() => {}), controller.signal, 100)
    controller.abort(new Error('gone'))
    await expect(outcome).rejects.toThrow('gone')
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
  })

  it('does not run after the upload has ended', async () => {
    const call = vi.fn()
    await expect(runHook('key', call, AbortSignal.abort(new Error('gone')), 100)).rejects.toThrow('gone')
    expect(call).not.toHaveBeenCalled()
  })

  it('has no limit without one', async () => {
    let finish: (value: string) => void = () => {}
    const outcome = runHook(
      'key',
      () =>
        new Promise<string>(resolve => {
          finish = resolve
        }),
      signal,
    )
    await vi.advanceTimersByTimeAsync(1e9)
    finish('done')
    expect(await outcome).toBe('done')
  })
})
