import { UploadError, type UploadOptions, upload } from 's3-upstream/client'
import { describe, expect, it, vi } from 'vitest'
import { type FakeXhr, file, useFakeXhr } from './support/fake-xhr.ts'

const { request, count } = useFakeXhr()
const RESULT = { files: [], fields: {} }
const photo = file('photo.png', 100)

/** Resolves with the error of an upload. Attaches its handlers at once, so that no rejection is unhandled. */
function failure(options: UploadOptions = {}, input: File = photo): Promise<UploadError> {
  return upload('/upload', input, options).then(
    () => Promise.reject(new Error('The upload succeeded')),
    error => error,
  )
}

describe('request', () => {
  it('sends the form with POST, without setting Content-Type', async () => {
    const result = upload(new URL('http://localhost/upload'), { files: photo, fields: { a: 'b' } })
    const xhr = await request()
    expect(xhr).toMatchObject({
      method: 'POST',
      url: 'http://localhost/upload',
      requestHeaders: {},
      withCredentials: false,
    })
    expect([...xhr.body.keys()]).toEqual(['a', 'file'])
    xhr.respond(201, RESULT)
    expect(await result).toEqual(RESULT)
  })

  it('uses the given method, headers and credentials', async () => {
    const options = { method: 'PUT', headers: { 'X-Csrf': '1' }, withCredentials: true } as const
    const result = upload('/upload', photo, options)
    const xhr = await request()
    expect(xhr).toMatchObject({ method: 'PUT', requestHeaders: { 'X-Csrf': '1' }, withCredentials: true })
    xhr.respond(200, RESULT)
    await result
  })

  it('rejects a Content-Type header with a TypeError', async () => {
    const result = upload('/upload', photo, { headers: { 'content-type': 'multipart/form-data' } })
    await expect(result).rejects.toThrow(TypeError)
    expect(count()).toBe(0)
  })
})

describe('UploadError', () => {
  it('copies code, detail, title and the other members of the problem', async () => {
    const problem = {
      issues: [{ path: ['a', 0], message: 'wrong' }],
      type: 'about:blank',
      title: 'File too large',
      status: 413,
      code: 'FILE_TOO_LARGE',
      detail: 'photo.png is larger than 50 bytes.',
      field: 'file',
      filename: 'photo.png',
      limit: 50,
      allowed: ['image/*'],
    }
    const error = failure()
    ;(await request()).respond(413, problem)
    const { type: _, detail, ...rest } = problem
    expect(await error).toMatchObject({ name: 'UploadError', message: detail, ...rest, problem })
    expect(await error).toBeInstanceOf(UploadError)
    expect(await error).toBeInstanceOf(Error)
  })

  it.each([
    [
      'a problem without a detail',
      500,
      { code: 'INVALID_KEY', title: 'Invalid object key' },
      'INVALID_KEY',
      'Invalid object key',
    ],
    [
      'a problem without a code',
      403,
      { title: 'Forbidden', detail: 'Log in first.' },
      'HTTP_ERROR',
      'Log in first.',
    ],
    [
      'JSON that is not a problem',
      400,
      { error: 'no', code: 7 },
      'HTTP_ERROR',
      'The server rejected the upload (HTTP 400).',
    ],
    ['JSON that is not an object', 400, 'null', 'HTTP_ERROR', 'The server rejected the upload (HTTP 400).'],
    [
      'an HTML 413 from a proxy',
      413,
      '<html><h1>413</h1></html>',
      'REQUEST_TOO_LARGE',
      'The upload is too large for the server.',
    ],
    ['an empty 500', 500, '', 'HTTP_ERROR', 'The server failed (HTTP 500).'],
    [
      'an HTML page with status 200',
      200,
      '<!doctype html><title>Log in</title>',
      'BAD_ANSWER',
      'The response is not JSON.',
    ],
    ['an empty 204', 204, '', 'BAD_ANSWER', 'The response is not JSON.'],
  ])('describes %s', async (_name, status, body, code, message) => {
    // biome-ignore format: rows
    const error = failure()
    ;
    ;(await request()).respond(status, body)
    expect(await error).toMatchObject({ code, message, status })
    expect(count()).toBe(1)
  })

  it('describes an empty 502 after the last retry', async () => {
    const error = failure({ retries: 0 })
    ;(await request()).respond(502, '')
    expect(await error).toMatchObject({
      code: 'HTTP_ERROR',
      status: 502,
      message: 'The server failed (HTTP 502).',
    })
  })

  it('has the code UNREACHABLE after a network error', async () => {
    const error = failure({ retries: 0 })
    ;(await request()).networkError()
    expect(await error).toMatchObject({ code: 'UNREACHABLE', status: 0 })
  })

  it('has the code FILE_UNREADABLE if a file was changed after it was selected', async () => {
    const gone = file('gone.png', 10)
    const cause = new DOMException('', 'NotReadableError')
    gone.slice = () => ({ arrayBuffer: () => Promise.reject(cause) }) as unknown as Blob
    const error = failure({}, gone)
    ;(await request()).networkError()
    expect(await error).toMatchObject({
      code: 'FILE_UNREADABLE',
      filename: 'gone.png',
      field: 'file',
      cause,
      message: 'gone.png was changed or removed after it was selected. Select it again.',
    })
  })
})

describe('abort signal', () => {
  it('aborts the request', async () => {
    const controller = new AbortController()
    const error = failure({ signal: controller.signal })
    const xhr = await request()
    controller.abort('changed my mind')
    expect(await error).toMatchObject({ code: 'ABORTED', status: 0, cause: 'changed my mind' })
    expect(xhr.aborted).toBe(true)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('sends no request if it is already aborted', async () => {
    const onProgress = vi.fn()
    const error = failure({ signal: AbortSignal.abort(), onProgress })
    expect(await error).toMatchObject({ code: 'ABORTED' })
    expect(count()).toBe(0)
    expect(onProgress).not.toHaveBeenCalled()
  })

  it('ends the delay before a retry', async () => {
    const controller = new AbortController()
    const onRetry = vi.fn(() => queueMicrotask(() => controller.abort()))
    const error = failure({ signal: controller.signal, onRetry })
    ;(await request()).respond(503, '')
    expect(await error).toMatchObject({ code: 'ABORTED' })
    expect(count()).toBe(1)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('keeps no listener after the upload', async () => {
    const { signal } = new AbortController()
    const added = vi.spyOn(signal, 'addEventListener')
    const removed = vi.spyOn(signal, 'removeEventListener')
    const result = upload('/', photo, { signal })
    ;(await request()).respond(503, '')
    await vi.advanceTimersByTimeAsync(1000)
    ;(await request(2)).respond(201, RESULT)
    await result
    expect(added.mock.calls.length).toBe(3)
    expect(removed.mock.calls.length).toBe(3)
  })
})

describe('timeout', () => {
  it('fails the upload after `timeout` without progress while sending', async () => {
    const error = failure({ timeout: 5000 })
    const xhr = await request()
    vi.advanceTimersByTime(4000)
    xhr.sent(10, 100)
    vi.advanceTimersByTime(4000)
    xhr.sent(20, 100)
    expect(xhr.aborted).toBe(false)
    vi.advanceTimersByTime(5000)
    expect(await error).toMatchObject({
      code: 'TIMEOUT',
      status: 0,
      message: 'No progress for 5 seconds.',
    })
    expect(xhr.aborted).toBe(true)
    expect(count()).toBe(1)
  })

  it('fails the upload after `storingTimeout` without a response', async () => {
    const error = failure({ timeout: 1000, storingTimeout: 30_000 })
    const xhr = await request()
    xhr.allSent(100)
    vi.advanceTimersByTime(29_000)
    await Promise.resolve()
    expect(xhr.aborted).toBe(false)
    vi.advanceTimersByTime(1000)
    expect(await error).toMatchObject({
      code: 'TIMEOUT',
      message: 'No response for 30 seconds.',
    })
  })

  it('is disabled by 0', async () => {
    const result = upload('/', photo, { timeout: 0, storingTimeout: 0 })
    const xhr = await request()
    vi.advanceTimersByTime(3_600_000)
    xhr.allSent(100)
    vi.advanceTimersByTime(3_600_000)
    xhr.respond(201, RESULT)
    expect(await result).toEqual(RESULT)
  })
})

describe('retry', () => {
  it.each([408, 502, 503, 504])('happens after %i', async status => {
    const result = upload('/', photo)
    ;(await request()).respond(status, '')
    await vi.advanceTimersByTimeAsync(1000)
    ;(await request(2)).respond(201, RESULT)
    expect(await result).toEqual(RESULT)
  })

  it('happens after a network error, with growing delays, until `retries` is reached', async () => {
    const retries: number[][] = []
    const attempts: number[] = []
    const error = failure({
      retries: 7,
      onRetry: ({ attempt, delay, error }) => {
        expect(error.code).toBe('UNREACHABLE')
        retries.push([attempt, delay])
      },
      onProgress: ({ attempt }) => attempts.push(attempt),
    })
    for (let n = 1; n <= 8; n++) {
      ;(await request(n)).networkError()
      // The helper reads from the file before each retry.
      while (n <= 7 && retries.length < n) await vi.advanceTimersByTimeAsync(1)
      await vi.advanceTimersByTimeAsync(30_000)
    }
    expect(await error).toMatchObject({ code: 'UNREACHABLE' })
    expect(retries).toEqual([
      [2, 1000],
      [3, 2000],
      [4, 4000],
      [5, 8000],
      [6, 16_000],
      [7, 30_000],
      [8, 30_000],
    ])
    expect(new Set(attempts).size).toBe(8)
  })

  describe('after the connection broke', () => {
    /** Plays one attempt, and waits until the next one is sent or the upload has failed. */
    async function attempt(n: number, play: (xhr: FakeXhr) => void, ended: () => boolean): Promise<void> {
      play(await request(n))
      while (count() === n && !ended()) await vi.advanceTimersByTimeAsync(1000)
    }

    const breakOff = (xhr: FakeXhr) => {
      xhr.sent(10, 100)
      xhr.networkError()
    }
    const refuse = (xhr: FakeXhr) => xhr.networkError()
    const loseResponse = (xhr: FakeXhr) => {
      xhr.allSent(100)
      xhr.networkError()
    }
    const beBusy = (xhr: FakeXhr) => {
      xhr.allSent(100)
      xhr.respond(503, '')
    }

    it.each<[string, ((xhr: FakeXhr) => void)[], UploadError['code']]>([
      ['with bytes still to send: sends it once more', [breakOff, breakOff], 'UNREACHABLE'],
      ['before a byte: uses all retries', Array(5).fill(refuse), 'UNREACHABLE'],
      ['after the last byte: uses all retries', Array(5).fill(loseResponse), 'UNREACHABLE'],
      ['attempts without a byte do not count', [refuse, breakOff, refuse, refuse, breakOff], 'UNREACHABLE'],
      ['the second body is the last, also if it arrives', [breakOff, beBusy], 'HTTP_ERROR'],
      ['a busy server before it does not count', [beBusy, breakOff, loseResponse], 'UNREACHABLE'],
    ])('%s', async (_name, attempts, code) => {
      let ended = false
      const error = failure({ retries: 4 }).finally(() => {
        ended = true
      })
      for (const [index, play] of attempts.entries()) await attempt(index + 1, play, () => ended)
      expect(await error).toMatchObject({ code })
      expect(count()).toBe(attempts.length)
    })

    it('resolves if the second body is stored', async () => {
      const result = upload('/', photo)
      await attempt(1, breakOff, () => false)
      ;(await request(2)).respond(201, RESULT)
      expect(await result).toEqual(RESULT)
    })
  })

  it('has a random delay of at least half its maximum', async () => {
    vi.mocked(Math.random).mockReturnValue(0)
    const onRetry = vi.fn()
    const result = upload('/', photo, { onRetry })
    ;(await request()).respond(503, '')
    await vi.advanceTimersByTimeAsync(500)
    ;(await request(2)).respond(201, RESULT)
    await result
    expect(onRetry).toHaveBeenCalledWith(expect.objectContaining({ delay: 500, attempt: 2 }))
  })

  it.each([
    ['seconds', '7'],
    ['a date', new Date(Date.UTC(2030, 0, 1, 0, 0, 7)).toUTCString()],
  ])('waits for a Retry-After in %s', async (_name, value) => {
    vi.setSystemTime(Date.UTC(2030, 0, 1))
    const result = upload('/', photo)
    ;(await request()).respond(503, '', { 'Retry-After': value })
    await vi.advanceTimersByTimeAsync(6999)
    expect(count()).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    ;(await request(2)).respond(201, RESULT)
    await result
  })

  it('does not happen with a Retry-After over one minute', async () => {
    const error = failure()
    ;(await request()).respond(503, '', { 'Retry-After': '3600' })
    expect(await error).toMatchObject({ status: 503, retryAfter: 3600 })
    expect(count()).toBe(1)
  })

  it('ignores an invalid Retry-After', async () => {
    const result = upload('/', photo)
    ;(await request()).respond(503, '', { 'Retry-After': 'soon' })
    await vi.advanceTimersByTimeAsync(1000)
    ;(await request(2)).respond(201, RESULT)
    await result
  })

  it.each([400, 401, 404, 409, 413, 415, 422, 429, 500, 501])('does not happen after %i', async status => {
    const error = failure()
    ;(await request()).respond(status, '')
    expect(await error).toMatchObject({ status })
    await vi.advanceTimersByTimeAsync(60_000)
    expect(count()).toBe(1)
  })

  it('restarts the progress at 0', async () => {
    const sent: number[] = []
    const result = upload('/', photo, { onProgress: event => sent.push(event.sent) })
    const xhr = await request()
    xhr.sent(100, 100)
    xhr.respond(502, '')
    await vi.advanceTimersByTimeAsync(1000)
    ;(await request(2)).respond(201, RESULT)
    await result
    expect(sent).toEqual([0, 100, 0, 100])
  })
})
