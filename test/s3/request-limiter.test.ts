import { describe, expect, it } from 'vitest'
import { createRequestLimiter } from '../../src/s3/request-limiter.ts'

const permitsFor = (uploadLimit: number) =>
  createRequestLimiter().permitsFor({ uploadLimit, totalLimit: Number.POSITIVE_INFINITY })

describe('Permits of one upload', () => {
  it('grants permits up to the limit, then first come first served', async () => {
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

  it('releases a permit once when release is called twice', async () => {
    const permits = permitsFor(1)
    const release = await permits.acquire()
    release()
    release()
    await permits.acquire()
    await expect(permits.acquire(AbortSignal.timeout(1))).rejects.toThrow()
  })

  it('releases the permit of a task that fails', async () => {
    const permits = permitsFor(1)
    await expect(permits.run(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed')
    expect(await permits.run(async () => 'ran')).toBe('ran')
  })

  it('stops waiting when the signal is aborted, and grants the next request', async () => {
    const permits = permitsFor(1)
    const release = await permits.acquire()
    const controller = new AbortController()
    const aborted = permits.acquire(controller.signal)
    const next = permits.acquire()
    controller.abort(new Error('gone'))
    await expect(aborted).rejects.toThrow('gone')
    release()
    expect(await next).toBeTypeOf('function')
    await expect(permits.acquire(controller.signal)).rejects.toThrow('gone')
  })
})

describe('The timeout of permits', () => {
  it('rejects with the timeout error, and grants the request behind it', async () => {
    const limiter = createRequestLimiter()
    const limits = { uploadLimit: 2, totalLimit: 2 }
    const first = limiter.permitsFor(limits)
    const second = limiter.permitsFor({
      ...limits,
      totalLimit: 1,
      timeout: 5,
      timeoutError: () => new Error('too long'),
    })
    const release = await first.acquire()
    const late = second.acquire()
    const behind = limiter.permitsFor(limits).acquire()
    await expect(late).rejects.toThrow('too long')
    ;(await behind)()
    release()
    expect(limiter.inUse).toBe(0)
    ;(await second.acquire())()
  })
})

describe('Permits of several uploads', () => {
  /** Records which upload gets a permit. `releaseSome` releases permits, each after the one before was granted again. */
  function watch(totalLimit: number) {
    const limiter = createRequestLimiter()
    const order: string[] = []
    const releases: (() => void)[] = []
    const upload = (name: string, requests: number, uploadLimit = 100) => {
      const permits = limiter.permitsFor({ uploadLimit, totalLimit })
      for (let i = 0; i < requests; i++) {
        permits.acquire().then(release => {
          order.push(name)
          releases.push(release)
        })
      }
    }
    const settle = () => new Promise(resolve => setImmediate(resolve))
    const releaseSome = async (count: number) => {
      for (let i = 0; i < count; i++) {
        releases.shift()?.()
        await settle()
      }
    }
    return { limiter, order, upload, settle, releaseSome }
  }

  it('alternates between uploads, however many requests one of them has', async () => {
    const { order, upload, settle, releaseSome } = watch(2)
    upload('many', 6)
    upload('one', 1)
    upload('two', 2)
    await settle()
    expect(order).toEqual(['many', 'many'])
    await releaseSome(8)
    expect(order).toEqual(['many', 'many', 'many', 'one', 'two', 'many', 'two', 'many', 'many'])
  })

  it('grants every permit to the only upload, and never more than the total limit', async () => {
    const { limiter, upload, settle, releaseSome } = watch(3)
    upload('alone', 10)
    await settle()
    expect(limiter.inUse).toBe(3)
    upload('other', 10)
    for (let step = 0; step < 20; step++) {
      await releaseSome(1)
      expect(limiter.inUse).toBeLessThanOrEqual(3)
    }
    expect(limiter.inUse).toBe(0)
  })

  it('grants a permit to an upload with a lower total limit than the others', async () => {
    const limiter = createRequestLimiter()
    const busy = limiter.permitsFor({ uploadLimit: 100, totalLimit: 10 })
    const modest = limiter.permitsFor({ uploadLimit: 4, totalLimit: 2 })
    const releases = await Promise.all(Array.from({ length: 10 }, () => busy.acquire()))
    const waiting = modest.acquire()
    for (let i = 0; i < 20; i++) busy.acquire().then(release => releases.push(release))
    for (let i = 0; i < 9; i++) releases.shift()?.()
    ;(await waiting)()
  })

  it('skips an upload that is at its own limit', async () => {
    const { order, upload, settle } = watch(3)
    upload('narrow', 3, 1)
    upload('wide', 3)
    await settle()
    expect(order).toEqual(['narrow', 'wide', 'wide'])
  })
})
