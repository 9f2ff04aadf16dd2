import { type UploadOptions, type UploadPhase, upload, uploadEach } from 's3-upstream/client'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { file, useFakeXhr } from './support/fake-xhr.ts'

const { request, count } = useFakeXhr()
const RESULT = { files: [], fields: {} }
const photo = file('photo.png', 100)
const tick = () => vi.advanceTimersByTimeAsync(0)
let controller: AbortController

beforeEach(() => {
  controller = new AbortController()
})

function start(options: UploadOptions, input: File = photo): Promise<unknown> {
  return upload('/upload', input, { signal: controller.signal, ...options }).then(
    () => 'stored',
    error => error.code,
  )
}

function abortIn(phase: UploadPhase): UploadOptions {
  return {
    onProgress: progress => {
      if (progress.phase === phase) controller.abort()
    },
  }
}

describe('an abort inside a callback aborts the upload', () => {
  it('in the first onProgress: sends no request', async () => {
    const onProgress = vi.fn(() => controller.abort())
    expect(await start({ onProgress })).toBe('ABORTED')
    expect(count()).toBe(0)
    expect(onProgress).toHaveBeenCalledTimes(1)
  })

  it('in the first onProgress of a retry', async () => {
    const result = start({ onProgress: ({ attempt }) => attempt === 2 && controller.abort() })
    ;(await request()).respond(503, '')
    await vi.advanceTimersByTimeAsync(1000)
    expect(await result).toBe('ABORTED')
    expect(count()).toBe(1)
  })

  it('in onRetry: without waiting for the delay', async () => {
    const result = start({ onRetry: () => controller.abort() })
    ;(await request()).respond(503, '', { 'Retry-After': '60' })
    expect(await result).toBe('ABORTED')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('in the event that every byte is sent', async () => {
    const result = start(abortIn('storing'))
    const xhr = await request()
    xhr.allSent(100)
    await tick()
    expect(xhr.aborted).toBe(true)
    xhr.respond(201, RESULT)
    expect(await result).toBe('ABORTED')
  })

  it('in the event of the timer', async () => {
    const began = performance.now()
    const result = start({ onProgress: () => performance.now() >= began + 1000 && controller.abort() })
    const xhr = await request()
    await vi.advanceTimersByTimeAsync(1000)
    expect(await result).toBe('ABORTED')
    expect(xhr.aborted).toBe(true)
  })

  it('while the helper reads a file after a network error: does not wait for the file, and does not retry', async () => {
    const slow = file('slow.png', 10)
    const slice = vi.fn(() => ({ arrayBuffer: () => new Promise(() => {}) }) as unknown as Blob)
    slow.slice = slice
    const onRetry = vi.fn()
    const result = start({ onRetry }, slow)
    ;(await request()).networkError()
    await vi.waitUntil(() => slice.mock.calls.length > 0)
    controller.abort()
    expect(await result).toBe('ABORTED')
    expect(onRetry).not.toHaveBeenCalled()
    expect(count()).toBe(1)
  })

  it('has no effect in the last event: every file is stored', async () => {
    const result = start(abortIn('done'))
    ;(await request()).respond(201, RESULT)
    expect(await result).toBe('stored')
  })
})

describe('cancel() inside a callback of uploadEach() cancels the item', () => {
  const files = [file('a.png', 1), file('b.png', 1)]

  it.each(['sending', 'storing'])('in its first event in the phase %s', async phase => {
    const uploads = uploadEach('/upload', files, {
      onProgress: ({ item }) => item.file.name === 'a.png' && item.phase === phase && item.cancel(),
    })
    const sent = phase === 'sending' ? 1 : 2
    for (let n = 1; n <= sent; n++) (await request(n)).allSent(1)
    ;(await request(sent)).respond(201, RESULT)
    const { stored, failed } = await uploads
    expect(stored.map(({ file }) => file.name)).toEqual(['b.png'])
    expect(failed.map(({ file, phase }) => [file.name, phase])).toEqual([['a.png', 'cancelled']])
    expect(count()).toBe(sent)
  })

  it('in `fields`, when its request is prepared', async () => {
    const uploads = uploadEach('/upload', files.slice(0, 1), {
      fields() {
        uploads.items[0]?.cancel()
        return {}
      },
    })
    expect((await uploads).failed[0]?.error?.code).toBe('ABORTED')
    expect(count()).toBe(0)
  })

  it('while it waits for its next attempt', async () => {
    const uploads = uploadEach('/upload', files.slice(0, 1), {
      onProgress: ({ item }) => item.retrying && item.cancel(),
    })
    ;(await request()).respond(503, '', { 'Retry-After': '60' })
    expect((await uploads).failed[0]?.phase).toBe('cancelled')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('as soon as it is queued again', async () => {
    let retried = false
    const uploads = uploadEach('/upload', files.slice(0, 1), {
      onProgress: ({ item }) => retried && item.phase === 'queued' && item.cancel(),
    })
    ;(await request()).respond(422, '')
    const { failed } = await uploads
    retried = true
    failed[0]?.retry()
    await tick()
    expect(uploads.items[0]).toMatchObject({ phase: 'cancelled', error: { code: 'ABORTED' } })
    expect(count()).toBe(1)
  })

  it('also another item that is still queued', async () => {
    const uploads = uploadEach('/upload', files, {
      concurrency: 1,
      onProgress: ({ items }) => items[1]?.phase === 'queued' && items[1].cancel(),
    })
    ;(await request()).respond(201, RESULT)
    expect((await uploads).failed.map(({ file }) => file.name)).toEqual(['b.png'])
    expect(count()).toBe(1)
  })

  it('and all items with the signal', async () => {
    const { failed } = await uploadEach('/upload', files, {
      signal: controller.signal,
      onProgress: () => controller.abort('enough'),
    })
    expect(failed.map(({ error }) => [error?.code, error?.cause])).toEqual(
      Array(2).fill(['ABORTED', 'enough']),
    )
    expect(count()).toBe(0)
  })
})
