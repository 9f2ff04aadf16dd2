import { type EachProgress, UploadError, type UploadItem, uploadEach } from 's3-upstream/client'
import { describe, expect, it, vi } from 'vitest'
import { type FakeXhr, file, useFakeXhr } from './support/fake-xhr.ts'

const { request, count } = useFakeXhr()
const RESULT = { files: [], fields: {} }
const files = [1, 2, 3, 4, 5].map(n => file(`${n}.png`, 100))
const nameOf = (xhr: FakeXhr) => (xhr.body.get('file') as File).name
const resultOf = (xhr: FakeXhr) => ({ files: [{ filename: nameOf(xhr) }], fields: {} })
const tick = () => vi.advanceTimersByTimeAsync(0)

describe('uploadEach', () => {
  it('sends each file in its own request, in order, up to `concurrency` at once', async () => {
    const uploads = uploadEach('/upload', files, { concurrency: 2, fields: { album: 'x' } })
    await tick()
    expect(count()).toBe(2)
    for (let n = 1; n <= 5; n++) {
      const xhr = await request(n)
      expect([...xhr.body.keys()]).toEqual(['album', 'file'])
      xhr.respond(201, resultOf(xhr))
      await tick()
      expect(count()).toBe(Math.min(5, n + 2))
    }
    const { stored, failed } = await uploads
    expect(stored.map(({ result }) => result?.files[0]?.filename)).toEqual(files.map(({ name }) => name))
    expect(failed).toEqual([])
  })

  it('continues when the server rejects one file', async () => {
    const uploads = uploadEach('/upload', files.slice(0, 2))
    ;(await request(1)).respond(415, { code: 'TYPE_NOT_ACCEPTED', detail: 'No.' })
    const second = await request(2)
    second.respond(201, resultOf(second))
    const { stored, failed } = await uploads
    expect(stored.map(({ file }) => file.name)).toEqual(['2.png'])
    expect(failed.map(({ file, error }) => [file.name, error?.code])).toEqual([
      ['1.png', 'TYPE_NOT_ACCEPTED'],
    ])
  })

  it('cancels one item, running or queued', async () => {
    const uploads = uploadEach('/upload', files.slice(0, 3), { concurrency: 1 })
    const xhr = await request(1)
    uploads.items[2]?.cancel()
    uploads.items[0]?.cancel()
    expect(xhr.aborted).toBe(false)
    await tick()
    expect(xhr.aborted).toBe(true)
    const second = await request(2)
    second.respond(201, resultOf(second))
    const { stored, failed } = await uploads
    expect(stored.map(({ file }) => file.name)).toEqual(['2.png'])
    expect(failed.map(({ phase, error }) => [phase, error?.code])).toEqual([
      ['cancelled', 'ABORTED'],
      ['cancelled', 'ABORTED'],
    ])
    expect(count()).toBe(2)
  })

  it('cancels all items when the signal aborts', async () => {
    const controller = new AbortController()
    const uploads = uploadEach('/upload', files, { signal: controller.signal })
    await request(3)
    controller.abort()
    expect((await uploads).failed.map(({ phase }) => phase)).toEqual(Array(5).fill('cancelled'))
    expect(count()).toBe(3)
  })

  it('retries one item, even after all have ended', async () => {
    const uploads = uploadEach('/upload', files.slice(0, 2))
    const [first] = uploads.items
    ;(await request(1)).respond(422, '')
    const second = await request(2)
    second.respond(201, resultOf(second))
    await uploads
    expect(uploads.items[0]).toMatchObject({ phase: 'failed', error: { status: 422 } })
    uploads.items[1]?.retry()
    first?.retry()
    const third = await request(3)
    expect(uploads.items[0]).toMatchObject({ phase: 'sending', error: undefined })
    third.respond(201, resultOf(third))
    await tick()
    expect(uploads.items[0]).toMatchObject({ phase: 'done', result: { files: [{ filename: '1.png' }] } })
    expect(count()).toBe(3)
  })

  it('retries an item from within its own progress callback, and cancels it afterwards', async () => {
    let retry = true
    const uploads = uploadEach('/upload', files.slice(0, 1), {
      onProgress({ item }) {
        if (item.phase !== 'failed' || !retry) return
        retry = false
        item.retry()
      },
    })
    ;(await request(1)).respond(422, '')
    const second = await request(2)
    uploads.items[0]?.cancel()
    await tick()
    expect(second.aborted).toBe(true)
    expect(uploads.items[0]?.phase).toBe('cancelled')
  })

  it('sets `retrying` while an item waits for its next attempt', async () => {
    const uploads = uploadEach('/upload', files.slice(0, 1))
    ;(await request(1)).respond(503, '')
    await tick()
    expect(uploads.items[0]).toMatchObject({ phase: 'sending', retrying: { attempt: 2, delay: 1000 } })
    await vi.advanceTimersByTimeAsync(1000)
    const second = await request(2)
    expect(uploads.items[0]?.retrying).toBeUndefined()
    second.respond(201, resultOf(second))
    await uploads
  })

  it('sums the progress of all items that have not failed', async () => {
    const events: Omit<EachProgress, 'items' | 'item'>[] = []
    const phases: string[] = []
    const uploads = uploadEach('/upload', files.slice(0, 2), {
      onProgress({ sent, total, ratio, item, items }) {
        events.push({ sent, total, ratio })
        phases.push(item.file.name + item.phase)
        expect(uploads.items).toContain(item)
        expect(items).toBe(uploads.items)
      },
    })
    const [first, second] = [await request(1), await request(2)]
    expect(events.at(-1)).toEqual({ sent: 0, total: 200, ratio: 0 })
    first.sent(50, 100)
    expect(events.at(-1)).toEqual({ sent: 50, total: 200, ratio: 0.25 })
    second.sent(100, 100)
    second.allSent(100)
    expect(events.at(-1)).toEqual({ sent: 150, total: 200, ratio: 0.75 })
    first.respond(413, '')
    await tick()
    expect(events.at(-1)).toEqual({ sent: 100, total: 100, ratio: 0.99 })
    second.respond(201, resultOf(second))
    await uploads
    expect(events.at(-1)).toEqual({ sent: 100, total: 100, ratio: 1 })
    expect(phases.filter(phase => phase.includes('done'))).toEqual(['2.pngdone'])
  })

  it('gives a new item and a new array on every change, and leaves the earlier ones as they were', async () => {
    const seen: { items: readonly UploadItem[]; copies: UploadItem[] }[] = []
    const copy = (items: readonly UploadItem[]) => ({ items, copies: items.map(item => ({ ...item })) })
    const uploads = uploadEach('/upload', files.slice(0, 2), {
      concurrency: 1,
      onProgress: ({ items }) => seen.push(copy(items)),
    })
    seen.push(copy(uploads.items))
    const first = await request()
    first.sent(50, 100)
    first.allSent(100)
    first.respond(503, '')
    await vi.advanceTimersByTimeAsync(1000)
    ;(await request(2)).respond(201, RESULT)
    ;(await request(3)).respond(422, '')
    const { stored, failed } = await uploads
    expect([...stored, ...failed]).toEqual(uploads.items)
    expect(seen.length).toBeGreaterThan(6)
    for (const { items, copies } of seen) expect(items).toEqual(copies)
    expect(new Set(seen.map(({ items }) => items)).size).toBe(seen.length)
    for (const [index, { items }] of seen.slice(1).entries()) {
      const before = seen[index]?.items ?? []
      expect(items.filter((item, place) => item !== before[place])).not.toEqual([])
      for (const [place, { file, cancel, retry }] of items.entries())
        expect(before[place]).toMatchObject({ file, cancel, retry })
    }
    // The item of the other file stays the same object, so that a memoised row of it does not render.
    expect(seen[0]?.items[1]).toBe(seen[3]?.items[1])
  })

  it('cancels and retries from any earlier object', async () => {
    const uploads = uploadEach('/upload', files.slice(0, 1))
    const [oldest] = uploads.items
    const xhr = await request()
    oldest?.cancel()
    await tick()
    expect(xhr.aborted).toBe(true)
    expect(oldest?.phase).toBe('queued')
    const { failed } = await uploads
    oldest?.retry()
    const second = await request(2)
    // This object is of the first try: its functions act on the second.
    failed[0]?.cancel()
    await tick()
    expect(second.aborted).toBe(true)
    oldest?.retry()
    const third = await request(3)
    third.respond(201, RESULT)
    await tick()
    oldest?.cancel()
    failed[0]?.retry()
    expect(uploads.items[0]).toMatchObject({ phase: 'done', result: RESULT })
    expect(failed[0]?.phase).toBe('cancelled')
    expect(count()).toBe(3)
  })

  it('resolves at once without files', async () => {
    expect(await uploadEach('/upload', [])).toEqual({ stored: [], failed: [] })
  })

  it('rejects with a TypeError for an invalid option', async () => {
    const uploads = uploadEach('/upload', files, { headers: { 'Content-Type': 'x' } })
    await expect(uploads).rejects.toThrow(TypeError)
    expect(uploads.items[0]?.error).not.toBeInstanceOf(UploadError)
  })
})
