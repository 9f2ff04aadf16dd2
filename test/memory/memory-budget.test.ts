import { setImmediate as eventLoopTick } from 'node:timers/promises'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  createLender,
  createMemoryBudget,
  defaultMemoryBudget,
  type Loan,
} from '../../src/memory/memory-budget.ts'
import { createUploadMemory } from '../../src/memory/upload-memory.ts'
import { KiB, MiB } from '../../src/shared/sizes.ts'

afterEach(() => {
  vi.useRealTimers()
})

const never = new AbortController().signal

function take(budget: { tryBorrow(size: number): Loan | undefined }, size: number): Loan {
  const loan = budget.tryBorrow(size)
  if (loan === undefined) throw new Error('the budget is used up')
  return loan
}

describe('a memory budget', () => {
  it('lends until it is used up and counts the bytes lent', async () => {
    const budget = createLender(12 * MiB)
    const loans = [take(budget, 5 * MiB), await budget.borrow(4 * MiB + 1, never)]
    expect(loans.map(({ buffer }) => buffer.length)).toEqual([5 * MiB, 5 * MiB])
    expect(budget.inUse).toBe(10 * MiB)
    expect(budget.tryBorrow(MiB)).toBeUndefined()
    loans[0]?.release()
    loans[0]?.release()
    loans[1]?.drop()
    loans[1]?.release()
    expect(budget.inUse).toBe(0)
  })

  it('lends released buffers again, but never dropped ones', async () => {
    const budget = createLender(12 * MiB)
    const [kept, dropped] = [take(budget, 5 * MiB), await budget.borrow(5 * MiB, never)]
    const memory = [kept.buffer.buffer, dropped.buffer.buffer]
    dropped.drop()
    kept.release()
    const loans = [take(budget, 5 * MiB), await budget.borrow(5 * MiB, never)]
    const again = loans.map(({ buffer }) => memory.indexOf(buffer.buffer))
    expect(again).toEqual([0, -1])
  })

  it('serves requests in order of arrival, even if a later one fits earlier', async () => {
    const budget = createLender(12 * MiB)
    const [first, second] = [take(budget, 5 * MiB), await budget.borrow(5 * MiB, never)]
    const order: string[] = []
    const wait = (name: string, size: number) =>
      budget.borrow(size, never).then(loan => {
        order.push(name)
        return loan
      })
    const large = wait('large', 10 * MiB)
    const next = wait('next', MiB)
    expect(budget.waiting).toBe(2)
    first.release()
    expect(budget.tryBorrow(MiB)).toBeUndefined()
    second.release()
    ;(await large).release()
    await next
    expect(order).toEqual(['large', 'next'])
    expect(budget.waiting).toBe(0)
  })

  it('removes an aborted request from the queue and serves the next one', async () => {
    const budget = createLender(5 * MiB)
    const held = take(budget, MiB)
    const controller = new AbortController()
    const aborted = budget.borrow(5 * MiB, controller.signal)
    const next = budget.borrow(MiB, never)
    controller.abort(new Error('disconnected'))
    await expect(aborted).rejects.toThrow('disconnected')
    expect((await next).buffer).toHaveLength(MiB)
    await expect(budget.borrow(1, controller.signal)).rejects.toThrow('disconnected')
    held.release()
    expect(budget).toMatchObject({ inUse: MiB, waiting: 0 })
  })

  it('shrinks a loan immediately to the size that its file needs', async () => {
    const budget = createLender(5 * MiB)
    const loan = take(budget, 5 * MiB)
    loan.buffer.fill('x', 0, 100)
    const next = budget.borrow(4 * MiB, never)
    loan.shrink(100)
    expect(loan.buffer).toHaveLength(16 * KiB)
    expect(loan.buffer.toString('latin1', 0, 100)).toBe('x'.repeat(100))
    expect((await next).buffer).toHaveLength(4 * MiB)
    expect(budget.inUse).toBe(4 * MiB + 16 * KiB)
  })

  it('does not shrink a buffer that is more than half full', () => {
    const budget = createLender(5 * MiB)
    const loan = take(budget, 5 * MiB)
    loan.shrink(2.6 * MiB)
    expect(loan.buffer).toHaveLength(5 * MiB)
  })

  it('rejects a buffer larger than the budget immediately', async () => {
    const budget = createLender(5 * MiB)
    expect(() => budget.tryBorrow(5 * MiB + 1)).toThrow(/6 MB does not fit into a memoryBudget of 5 MB/)
    await expect(budget.borrow(5 * MiB + 1, never)).rejects.toThrow(RangeError)
  })

  it('reserves memory for each upload, but always lends two fifths of the budget, and one buffer', async () => {
    const budget = createLender(24 * MiB)
    const ends = Array.from({ length: 24 }, () => budget.register())
    const loan = take(budget, 12 * MiB)
    await eventLoopTick()
    expect(budget.tryBorrow(7 * MiB)).toBeUndefined()
    take(budget, 6 * MiB).drop()
    ends.push(...Array.from({ length: 1000 }, () => budget.register()))
    expect(budget.tryBorrow(MiB)).toBeUndefined()
    loan.release()
    await eventLoopTick()
    const small = take(budget, 5 * MiB)
    await eventLoopTick()
    expect(budget.tryBorrow(5 * MiB)).toBeUndefined()
    take(budget, 4 * MiB).drop()
    small.release()
    await eventLoopTick()
    const [largest, next] = [take(budget, 24 * MiB), budget.borrow(MiB, never)]
    largest.release()
    ;(await next).release()
    for (const end of ends) end()
  })

  it('lends all of it again some seconds after many uploads have ended, without another upload', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
    const budget = createLender(24 * MiB)
    const ends = Array.from({ length: 1500 }, () => budget.register())
    const held = take(budget, 5 * MiB)
    await eventLoopTick()
    const waiting = budget.borrow(15 * MiB, never)
    for (const end of ends) end()
    await vi.advanceTimersByTimeAsync(1000)
    expect(budget.waiting).toBe(1)
    await vi.advanceTimersByTimeAsync(9000)
    expect((await waiting).buffer).toHaveLength(15 * MiB)
    held.release()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('lends small buffers while uploads wait for large ones, up to an eighth of the budget', async () => {
    const budget = createLender(64 * MiB)
    const held = take(budget, 56 * MiB)
    const large = budget.borrow(5 * MiB, never)
    const small = Array.from({ length: 16 }, () => take(budget, MiB / 2))
    expect(budget.inUse).toBe(64 * MiB)
    expect(budget.tryBorrow(1)).toBeUndefined()
    const order: string[] = []
    const next = budget.borrow(MiB / 2, never).then(() => order.push('small'))
    small[0]?.release()
    await next
    expect(budget.waiting).toBe(1)
    held.release()
    await large
    expect(budget.waiting).toBe(0)
  })

  it('lends no small buffers past a large one that needs the whole budget', async () => {
    const budget = createLender(5 * MiB)
    const small = take(budget, MiB / 2)
    const large = budget.borrow(5 * MiB, never)
    expect(budget.tryBorrow(1)).toBeUndefined()
    small.release()
    expect((await large).buffer).toHaveLength(5 * MiB)
  })

  it('allocates one large buffer per tick and lends pooled ones immediately', async () => {
    const budget = createLender(24 * MiB)
    const first = take(budget, 5 * MiB)
    expect(budget.tryBorrow(5 * MiB)).toBeUndefined()
    take(budget, MiB / 2).drop()
    const second = await budget.borrow(5 * MiB, never)
    await eventLoopTick()
    first.release()
    second.release()
    for (const loan of [take(budget, 5 * MiB), take(budget, 5 * MiB)]) loan.release()
  })

  it('trims the pool to the capacity that new uploads leave', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    const budget = createLender(24 * MiB)
    const before = [take(budget, 10 * MiB), await budget.borrow(10 * MiB, never)]
    const memory = before.map(loan => loan.buffer.buffer)
    const ends = Array.from({ length: 1000 }, () => budget.register())
    for (const loan of before) loan.release()
    for (const end of ends) end()
    await vi.advanceTimersByTimeAsync(20_000)
    await eventLoopTick()
    const after = [take(budget, 10 * MiB), await budget.borrow(10 * MiB, never)]
    expect(after.filter(loan => memory.includes(loan.buffer.buffer))).toHaveLength(0)
    for (const loan of after) loan.release()
  })

  it('defaults to 256 MB for the process, or less on a small machine', () => {
    expect(defaultMemoryBudget.size).toBeGreaterThan(16 * MiB)
    expect(defaultMemoryBudget.size).toBeLessThanOrEqual(256 * MiB)
    expect(createMemoryBudget('64MB')).toMatchObject({ size: 64 * MiB, inUse: 0, waiting: 0 })
    expect(() => createMemoryBudget('lots' as '1MB')).toThrow(TypeError)
  })
})

describe('the memory of one upload', () => {
  const neverFails = (error: unknown) => expect.fail(`the upload failed: ${error}`)

  it('sends its held files to S3 before it waits, and not while there is enough', async () => {
    const budget = createLender(88 * MiB)
    const memory = createUploadMemory(budget, never, neverFails)
    const staged: string[] = []
    const small = take(memory, MiB)
    memory.hold(MiB, async () => void staged.push('small'))
    await eventLoopTick()
    const large = await memory.borrow(75 * MiB)
    expect(staged).toEqual([])
    const more = memory.borrow(5 * MiB)
    expect(staged).toEqual(['small'])
    small.release()
    large.release()
    await more
    expect(staged).toEqual(['small'])
  })

  it('does not hold a file that ends while the next one already waits', async () => {
    const budget = createLender(5 * MiB)
    const memory = createUploadMemory(budget, never, neverFails)
    const small = take(memory, 5 * MiB)
    small.shrink(MiB)
    const next = memory.borrow(5 * MiB)
    memory.hold(MiB, async () => small.release())
    expect((await next).buffer).toHaveLength(5 * MiB)
  })

  it('holds at most one file, or an eighth of the budget, for the commit', () => {
    const single = createUploadMemory(createLender(5 * MiB), never, neverFails)
    single.hold(5 * MiB, () => expect.unreachable())

    const memory = createUploadMemory(createLender(80 * MiB), never, neverFails)
    const staged: number[] = []
    for (let file = 0; file < 10; file++) memory.hold(MiB, async () => void staged.push(file))
    expect(staged).toEqual([])
    memory.hold(1, async () => void staged.push(10))
    expect(staged).toHaveLength(11)
  })

  it('fails the upload when a held file cannot be sent', async () => {
    const error = new Error('S3 is down')
    const failure = await new Promise(resolve => {
      const memory = createUploadMemory(createLender(5 * MiB), never, resolve)
      memory.hold(MiB, () => Promise.reject(error))
      take(memory, 5 * MiB)
      memory.borrow(5 * MiB)
    })
    expect(failure).toBe(error)
  })
})
