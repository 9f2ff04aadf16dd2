import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  createLender,
  createMemoryBudget,
  defaultMemoryBudget,
  type Loan,
} from '../../src/memory/memory-budget.ts'
import { createFormMemory } from '../../src/memory/upload-memory.ts'
import { KiB, MiB } from '../../src/shared/sizes.ts'

const never = new AbortController().signal

function take(budget: { tryBorrow(size: number): Loan | undefined }, size: number): Loan {
  const loan = budget.tryBorrow(size)
  if (loan === undefined) throw new Error('nothing left')
  return loan
}

describe('a memory budget', () => {
  it('lends as long as there is something left, and counts what it has lent', async () => {
    const budget = createLender(10 * MiB)
    const loans = [take(budget, 5 * MiB), await budget.borrow(4 * MiB + 1, never)]
    expect(loans.map(({ buffer }) => buffer.length)).toEqual([5 * MiB, 5 * MiB])
    expect(budget.inUse).toBe(10 * MiB)
    expect(budget.tryBorrow(1)).toBeUndefined()
    loans[0]?.giveBack()
    loans[0]?.giveBack()
    loans[1]?.drop()
    loans[1]?.giveBack()
    expect(budget.inUse).toBe(0)
  })

  it('lends again what was given back, and never what was dropped', async () => {
    const budget = createLender(10 * MiB)
    const [kept, dropped] = [take(budget, 5 * MiB), await budget.borrow(5 * MiB, never)]
    const memory = [kept.buffer.buffer, dropped.buffer.buffer]
    dropped.drop()
    kept.giveBack()
    const loans = [take(budget, 5 * MiB), await budget.borrow(5 * MiB, never)]
    const again = loans.map(({ buffer }) => memory.indexOf(buffer.buffer))
    expect(again).toEqual([0, -1])
  })

  it('serves first who came first, also when a later one would fit', async () => {
    const budget = createLender(10 * MiB)
    const [first, second] = [take(budget, 5 * MiB), await budget.borrow(5 * MiB, never)]
    const order: string[] = []
    const wait = (name: string, size: number) =>
      budget.borrow(size, never).then(loan => {
        order.push(name)
        return loan
      })
    const large = wait('large', 10 * MiB)
    const small = wait('small', 1)
    expect(budget.waiting).toBe(2)
    first.giveBack()
    expect(budget.tryBorrow(1)).toBeUndefined()
    second.giveBack()
    ;(await large).giveBack()
    await small
    expect(order).toEqual(['large', 'small'])
    expect(budget.waiting).toBe(0)
  })

  it('forgets who has gone while waiting, and serves those behind', async () => {
    const budget = createLender(5 * MiB)
    const held = take(budget, MiB)
    const controller = new AbortController()
    const gone = budget.borrow(5 * MiB, controller.signal)
    const next = budget.borrow(MiB, never)
    controller.abort(new Error('gone'))
    await expect(gone).rejects.toThrow('gone')
    expect((await next).buffer).toHaveLength(MiB)
    await expect(budget.borrow(1, controller.signal)).rejects.toThrow('gone')
    held.giveBack()
    expect(budget).toMatchObject({ inUse: MiB, waiting: 0 })
  })

  it('takes back at once what a file turns out not to need', async () => {
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

  it('leaves a buffer alone that is more than half full', () => {
    const budget = createLender(5 * MiB)
    const loan = take(budget, 5 * MiB)
    loan.shrink(2.6 * MiB)
    expect(loan.buffer).toHaveLength(5 * MiB)
  })

  it('refuses at once what would never fit', async () => {
    const budget = createLender(5 * MiB)
    expect(() => budget.tryBorrow(5 * MiB + 1)).toThrow(/6 MB never fits into a memoryBudget of 5 MB/)
    await expect(budget.borrow(5 * MiB + 1, never)).rejects.toThrow(RangeError)
  })

  it('has less for buffers the more uploads there are, but two fifths of it, and one buffer, in any case', async () => {
    const budget = createLender(24 * MiB)
    const leave = Array.from({ length: 24 }, () => budget.enter())
    const loan = take(budget, 12 * MiB)
    await turn()
    expect(budget.tryBorrow(7 * MiB)).toBeUndefined()
    take(budget, 6 * MiB).drop()
    leave.push(...Array.from({ length: 1000 }, () => budget.enter()))
    expect(budget.tryBorrow(MiB / 2)).toBeUndefined()
    loan.giveBack()
    await turn()
    const small = take(budget, 5 * MiB)
    await turn()
    expect(budget.tryBorrow(5 * MiB)).toBeUndefined()
    take(budget, 4 * MiB).drop()
    small.giveBack()
    await turn()
    const [largest, next] = [take(budget, 24 * MiB), budget.borrow(MiB, never)]
    largest.giveBack()
    ;(await next).giveBack()
    for (const end of leave) end()
  })

  it('has all of it again when as many uploads have ended as it takes for their memory to be free', async () => {
    const budget = createLender(24 * MiB)
    const leave = Array.from({ length: 48 }, () => budget.enter())
    const held = take(budget, 8 * MiB)
    await turn()
    const waiting = budget.borrow(15 * MiB, never)
    for (const end of leave) end()
    expect(budget.waiting).toBe(1)
    for (let ended = 0; ended < 3 * 48; ended++) budget.enter()()
    expect((await waiting).buffer).toHaveLength(15 * MiB)
    held.giveBack()
  })

  it('makes one large buffer in each turn of the event loop, and lends at once what it has', async () => {
    const budget = createLender(24 * MiB)
    const first = take(budget, 5 * MiB)
    expect(budget.tryBorrow(5 * MiB)).toBeUndefined()
    take(budget, MiB / 2).drop()
    const second = await budget.borrow(5 * MiB, never)
    await turn()
    first.giveBack()
    second.giveBack()
    for (const loan of [take(budget, 5 * MiB), take(budget, 5 * MiB)]) loan.giveBack()
  })

  it('keeps no more to be lent again than the uploads that have come since leave', async () => {
    const budget = createLender(24 * MiB)
    const before = [take(budget, 10 * MiB), await budget.borrow(10 * MiB, never)]
    const memory = before.map(loan => loan.buffer.buffer)
    const leave = Array.from({ length: 1000 }, () => budget.enter())
    for (const loan of before) loan.giveBack()
    for (const end of leave) end()
    for (let ended = 0; ended < 4000; ended++) budget.enter()()
    await turn()
    const after = [take(budget, 10 * MiB), await budget.borrow(10 * MiB, never)]
    expect(after.filter(loan => memory.includes(loan.buffer.buffer))).toHaveLength(0)
    for (const loan of after) loan.giveBack()
  })

  it('has by default one size for the process: 256 MB, or less on a small machine', () => {
    expect(defaultMemoryBudget.size).toBeGreaterThan(16 * MiB)
    expect(defaultMemoryBudget.size).toBeLessThanOrEqual(256 * MiB)
    expect(createMemoryBudget('64MB')).toMatchObject({ size: 64 * MiB, inUse: 0, waiting: 0 })
    expect(() => createMemoryBudget('lots' as '1MB')).toThrow(TypeError)
  })
})

describe('the memory of one form', () => {
  const neverFails = (error: unknown) => expect.fail(`the upload failed: ${error}`)

  it('sends its held files to S3 before it waits, and not while there is enough', async () => {
    const budget = createLender(80 * MiB)
    const memory = createFormMemory(budget, never, neverFails)
    const staged: string[] = []
    const small = take(memory, MiB)
    memory.hold(MiB, async () => void staged.push('small'))
    await turn()
    const large = await memory.borrow(75 * MiB)
    expect(staged).toEqual([])
    const more = memory.borrow(5 * MiB)
    expect(staged).toEqual(['small'])
    small.giveBack()
    large.giveBack()
    await more
    expect(staged).toEqual(['small'])
  })

  it('does not hold a file that ends when the next one waits already', async () => {
    const budget = createLender(5 * MiB)
    const memory = createFormMemory(budget, never, neverFails)
    const small = take(memory, 5 * MiB)
    small.shrink(MiB)
    const next = memory.borrow(5 * MiB)
    memory.hold(MiB, async () => small.giveBack())
    expect((await next).buffer).toHaveLength(5 * MiB)
  })

  it('holds at most one file, or an eighth of the budget, for the commit', () => {
    const single = createFormMemory(createLender(5 * MiB), never, neverFails)
    single.hold(5 * MiB, () => expect.unreachable())

    const memory = createFormMemory(createLender(80 * MiB), never, neverFails)
    const staged: number[] = []
    for (let file = 0; file < 10; file++) memory.hold(MiB, async () => void staged.push(file))
    expect(staged).toEqual([])
    memory.hold(1, async () => void staged.push(10))
    expect(staged).toHaveLength(11)
  })

  it('fails the upload when a held file cannot be sent', async () => {
    const error = new Error('S3 is down')
    const failure = await new Promise(resolve => {
      const memory = createFormMemory(createLender(5 * MiB), never, resolve)
      memory.hold(MiB, () => Promise.reject(error))
      take(memory, 5 * MiB)
      memory.borrow(5 * MiB)
    })
    expect(failure).toBe(error)
  })
})
