import { describe, expect, it } from 'vitest'
import { createRequestLimiter } from '../../src/s3/request-limiter.ts'

const permitsFor = (own: number) => createRequestLimiter().share({ own, most: Number.POSITIVE_INFINITY })

describe('permits of one upload', () => {
  it('let so many run at once, the others in the order in which they came', async () => {
    const permits = permitsFor(2)
    const order: number[] = []
    const releases: (() => void)[] = []
    const running = [0, 1, 2, 3].map(async number => {
      releases[number] = await permits.acquire()
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
    const permits = permitsFor(1)
    const release = await permits.acquire()
    release()
    release()
    await permits.acquire()
    await expect(permits.acquire(AbortSignal.timeout(1))).rejects.toThrow()
  })

  it('are given back when a task fails', async () => {
    const permits = permitsFor(1)
    await expect(permits.run(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
    expect(await permits.run(async () => 'ran')).toBe('ran')
  })

  it('are not waited for any more once the signal is aborted, and pass such a waiter by', async () => {
    const permits = permitsFor(1)
    const release = await permits.acquire()
    const controller = new AbortController()
    const given = permits.acquire(controller.signal)
    const next = permits.acquire()
    controller.abort(new Error('gone'))
    await expect(given).rejects.toThrow('gone')
    release()
    expect(await next).toBeTypeOf('function')
    await expect(permits.acquire(controller.signal)).rejects.toThrow('gone')
  })
})

describe('permits that are waited for too long', () => {
  it('are given up, and the next one is served', async () => {
    const pool = createRequestLimiter()
    const terms = { own: 2, most: 2 }
    const [first, second] = [
      pool.share(terms),
      pool.share({ ...terms, most: 1, timeout: 5, timeoutError: () => new Error('too long') }),
    ]
    const release = await first.acquire()
    const late = second.acquire()
    const behind = pool.share(terms).acquire()
    await expect(late).rejects.toThrow('too long')
    ;(await behind)()
    release()
    expect(pool.taken).toBe(0)
    ;(await second.acquire())()
  })
})

describe('permits that uploads share', () => {
  /** Asks for permits and writes down who got one; `turns` gives one back and waits until the next has it. */
  function watch(most: number) {
    const pool = createRequestLimiter()
    const order: string[] = []
    const releases: (() => void)[] = []
    const upload = (name: string, wanted: number, own = 100) => {
      const permits = pool.share({ own, most })
      for (let i = 0; i < wanted; i++) {
        permits.acquire().then(release => {
          order.push(name)
          releases.push(release)
        })
      }
    }
    const settle = () => new Promise(resolve => setImmediate(resolve))
    const turns = async (count: number) => {
      for (let i = 0; i < count; i++) {
        releases.shift()?.()
        await settle()
      }
    }
    return { pool, order, upload, settle, turns }
  }

  it('go to each in turn, however many one of them asks for', async () => {
    const { order, upload, settle, turns } = watch(2)
    upload('many', 6)
    upload('one', 1)
    upload('two', 2)
    await settle()
    expect(order).toEqual(['many', 'many'])
    await turns(8)
    expect(order).toEqual(['many', 'many', 'many', 'one', 'two', 'many', 'two', 'many', 'many'])
  })

  it('are never more than they may, and all for one that is alone', async () => {
    const { pool, upload, settle, turns } = watch(3)
    upload('alone', 10)
    await settle()
    expect(pool.taken).toBe(3)
    upload('other', 10)
    for (let turn = 0; turn < 20; turn++) {
      await turns(1)
      expect(pool.taken).toBeLessThanOrEqual(3)
    }
    expect(pool.taken).toBe(0)
  })

  it('go also to one that may take fewer than the others', async () => {
    const pool = createRequestLimiter()
    const [busy, modest] = [pool.share({ own: 100, most: 10 }), pool.share({ own: 4, most: 2 })]
    const releases = await Promise.all(Array.from({ length: 10 }, () => busy.acquire()))
    const turn = modest.acquire()
    for (let i = 0; i < 20; i++) busy.acquire().then(release => releases.push(release))
    for (let i = 0; i < 9; i++) releases.shift()?.()
    ;(await turn)()
  })

  it('are not held up by one that has as many as it may have', async () => {
    const { order, upload, settle } = watch(3)
    upload('narrow', 3, 1)
    upload('wide', 3)
    await settle()
    expect(order).toEqual(['narrow', 'wide', 'wide'])
  })
})
