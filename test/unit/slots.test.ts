import { describe, expect, it } from 'vitest'
import { createSlots } from '../../src/slots.ts'

describe('slots', () => {
  it('let so many run at once, the others in the order in which they came', async () => {
    const slots = createSlots(2)
    const order: number[] = []
    const releases: (() => void)[] = []
    const running = [0, 1, 2, 3].map(async number => {
      releases[number] = await slots.acquire()
      order.push(number)
    })
    await Promise.all(running.slice(0, 2))
    expect(order).toEqual([0, 1])
    releases[1]?.()
    await running[2]
    expect(order).toEqual([0, 1, 2])
    releases[0]?.()
    await running[3]
    expect(order).toEqual([0, 1, 2, 3])
  })

  it('are given back once, however often that is said', async () => {
    const slots = createSlots(1)
    const release = await slots.acquire()
    release()
    release()
    await slots.acquire()
    await expect(slots.acquire(AbortSignal.timeout(1))).rejects.toThrow()
  })

  it('are given back when a task fails', async () => {
    const slots = createSlots(1)
    await expect(slots.run(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
    expect(await slots.run(async () => 'ran')).toBe('ran')
  })

  it('are not waited for any more once the signal is aborted, and pass such a waiter by', async () => {
    const slots = createSlots(1)
    const release = await slots.acquire()
    const controller = new AbortController()
    const given = slots.acquire(controller.signal)
    const next = slots.acquire()
    controller.abort(new Error('gone'))
    await expect(given).rejects.toThrow('gone')
    release()
    expect(await next).toBeTypeOf('function')
    await expect(slots.acquire(controller.signal)).rejects.toThrow('gone')
  })
})
