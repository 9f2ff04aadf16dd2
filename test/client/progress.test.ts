import { type UploadProgress, upload } from 's3-upstream/client'
import { describe, expect, it, vi } from 'vitest'
import { file, useFakeXhr } from './support/fake-xhr.ts'

const { request } = useFakeXhr()
const RESULT = { files: [], fields: {} }

function start(files: File[], options = {}) {
  const events: UploadProgress[] = []
  const result = upload('/upload', files, { onProgress: event => events.push(event), ...options })
  return { events, result }
}

describe('progress', () => {
  it('changes from sending to storing to done, and reaches 1 only after the response', async () => {
    const { events, result } = start([file('a.png', 1000)])
    const xhr = await request()
    xhr.sent(700, 1200)
    xhr.sent(1200, 1200)
    xhr.allSent(1200)
    vi.advanceTimersByTime(5000)
    expect(Math.max(...events.map(({ ratio }) => ratio))).toBe(0.99)
    xhr.respond(201, RESULT)
    await result

    expect(events.map(({ phase, sent, ratio }) => [phase, sent, ratio])).toEqual([
      ['sending', 0, 0],
      ['sending', 500, 0.5],
      ['sending', 1000, 0.99],
      ['storing', 1000, 0.99],
      ...Array(5).fill(['storing', 1000, 0.99]),
      ['done', 1000, 1],
    ])
  })

  it('reports the bytes sent of each file', async () => {
    const { events, result } = start([file('a.png', 100), file('b.png', 0), file('c.png', 300)])
    const xhr = await request()
    for (const loaded of [50, 250, 350, 600]) xhr.sent(loaded, 600)
    xhr.respond(201, RESULT)
    await result

    expect(events.map(({ files }) => files.map(({ sent }) => sent))).toEqual([
      [0, 0, 0],
      [0, 0, 0],
      [50, 0, 0],
      [100, 0, 50],
      [100, 0, 300],
      [100, 0, 300],
    ])
    expect(events[0]?.files[2]).toMatchObject({ field: 'file', total: 300, file: { name: 'c.png' } })
  })

  it('measures the rate over the last seconds and estimates the time left', async () => {
    const { events, result } = start([file('a.png', 10_000)])
    const xhr = await request()
    expect(events.at(-1)).toMatchObject({ rate: undefined, secondsLeft: undefined })
    vi.advanceTimersByTime(500)
    xhr.sent(1000, 10_000)
    expect(events.at(-1)).toMatchObject({ rate: 2000, secondsLeft: 4.5 })
    vi.advanceTimersByTime(500)
    xhr.sent(2000, 10_000)
    expect(events.at(-1)).toMatchObject({ rate: 2000, secondsLeft: 4 })
    // A stalled connection sends no event, so the timer must lower the rate.
    vi.advanceTimersByTime(3000)
    expect(events.at(-1)?.rate).toBeLessThan(600)
    xhr.allSent(10_000)
    expect(events.at(-1)).toMatchObject({ phase: 'storing', rate: undefined, secondsLeft: undefined })
    xhr.respond(201, RESULT)
    await result
  })

  it('reports 0, then 1 for an empty form', async () => {
    const { events, result } = start([])
    const xhr = await request()
    xhr.allSent(44)
    xhr.respond(201, RESULT)
    await result
    expect(events.map(({ phase, ratio }) => [phase, ratio])).toEqual([
      ['sending', 0],
      ['storing', 0],
      ['done', 1],
    ])
  })

  it.each([
    ['success', 201],
    ['an error', 422],
  ])('reports nothing after %s', async (_name, status) => {
    const { events, result } = start([file('a.png', 10)], { timeout: 10 })
    const xhr = await request()
    xhr.respond(status, RESULT)
    await result.catch(() => {})
    const count = events.length
    xhr.sent(10, 10)
    xhr.allSent(10)
    xhr.networkError()
    await vi.advanceTimersByTimeAsync(100_000)
    expect(events).toHaveLength(count)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('continues when a callback throws, and the error is uncaught', async () => {
    const result = upload('/', file('a.png', 1), {
      onProgress() {
        throw new Error('bug in the page')
      },
    })
    const xhr = await request()
    expect(() => vi.advanceTimersByTime(0)).toThrow('bug in the page')
    xhr.respond(201, RESULT)
    expect(await result).toEqual(RESULT)
    expect(() => vi.advanceTimersByTime(0)).toThrow('bug in the page')
  })
})
