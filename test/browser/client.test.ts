import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { IncomingMessage, RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import type { ClientErrorCode, EachProgress, UploadOptions, UploadProgress } from 's3-upstream/client'
import { s3Upload } from 's3-upstream/http'
import { describe, expect, it } from 'vitest'
import { MB } from '../support/bytes.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { useBrowser } from './support/browser.ts'
import { readText, useSite } from './support/site.ts'

const s3 = await useStorage()
const { open } = useBrowser()
const storeOptions = { client: s3.client, accept: 'image/*', maxFileSize: '50MB' } as const
const store = s3Upload(BUCKET, storeOptions)

let openRequest: IncomingMessage | undefined
let secondFilePartlySent: Promise<void> | undefined
let busyRequests = 0
let concurrent = 0
let maxConcurrent = 0

const other = useSite({ '/echo': allowOrigin(echo) })
const site = useSite({
  '/upload': store,
  '/recordings': s3Upload(BUCKET, { client: s3.client, accept: 'video/*' }),
  // Reads the second file only after the page has reported it as partly sent.
  '/upload-in-two-steps': s3Upload(BUCKET, {
    ...storeOptions,
    async key({ filename }) {
      if (filename === 'b.png') await secondFilePartlySent
      return filename
    },
  }),
  '/echo': echo,
  '/unread': request => {
    openRequest = request
  },
  '/no-response': request => {
    openRequest = request.resume()
  },
  '/proxy-413': (request, response) => {
    request.resume()
    response
      .writeHead(413, { 'Content-Type': 'text/html' })
      .end('<html><h1>413 Request Entity Too Large</h1>')
  },
  '/empty-502': (request, response) => {
    request.resume().once('end', () => response.writeHead(502).end())
  },
  '/page': (request, response) => {
    request.resume().once('end', () => response.end('<!doctype html><title>Log in</title>'))
  },
  '/broken': request => {
    request.socket.destroy()
  },
  // As a server whose early response the browser does not see: it reads a part of the body and closes.
  '/break-off': request => {
    let received = 0
    request.on('data', chunk => {
      received += chunk.length
      if (received > MB) request.socket.destroy()
    })
  },
  '/busy': (request, response) => {
    if (++busyRequests % 2 === 0) return store(request, response)
    request.resume().once('end', () => response.writeHead(503, { 'Retry-After': '1' }).end())
  },
  '/counted': (request, response) => {
    maxConcurrent = Math.max(maxConcurrent, ++concurrent)
    response.once('finish', () => concurrent--)
    return store(request, response)
  },
})

/** Responds with the method, headers and field names of the request. */
async function echo(...[request, response]: Parameters<RequestListener>): Promise<void> {
  const { method, headers } = request
  const fields = [...(await readText(request)).matchAll(/ name="([^"]*)"/g)].map(([, name]) => name)
  response.writeHead(200, { 'Content-Type': 'application/json' })
  response.end(JSON.stringify({ method, headers, fields }))
}

function allowOrigin(route: RequestListener): RequestListener {
  return (request, response) => {
    response.setHeader('Access-Control-Allow-Origin', request.headers.origin ?? '')
    response.setHeader('Access-Control-Allow-Credentials', 'true')
    response.setHeader('Access-Control-Allow-Headers', 'x-csrf')
    return request.method === 'OPTIONS' ? response.end() : route(request, response)
  }
}

async function openSite(): Promise<Page> {
  const page = await open(site.url)
  await page.waitForFunction(() => 'client' in window)
  return page
}

interface Outcome {
  error?: {
    code: ClientErrorCode | string
    status: number
    message: string
    limit?: number
    filename?: string
  }
  result?: unknown
}

/** Uploads one file of this size, and resolves with its result or error. */
function uploadFile(page: Page, path: string, size: number, options: UploadOptions = {}): Promise<Outcome> {
  return page.evaluate(
    ([path, size, options]) => {
      const file = window.picture('photo.png', size)
      return window.client.upload(path, file, options).then(
        result => ({ result }),
        ({ code, status, message, limit, filename }) => ({
          error: { code, status, message, limit, filename },
        }),
      )
    },
    [path, size, options] as const,
  )
}

it('uploads a recording of MediaRecorder with the type of its container', async () => {
  const page = await open(site.url)
  const file = await page.evaluate(async () => {
    const canvas = document.createElement('canvas')
    canvas.getContext('2d')?.fillRect(0, 0, 10, 10)
    const recorder = new MediaRecorder(canvas.captureStream(30), { mimeType: 'video/webm;codecs=vp8' })
    const recorded = new Promise<BlobEvent>(resolve => recorder.addEventListener('dataavailable', resolve))
    recorder.start()
    await new Promise(resolve => recorder.addEventListener('start', resolve))
    canvas.getContext('2d')?.clearRect(0, 0, 10, 10)
    recorder.stop()
    const { data } = await recorded
    const { files } = await window.client.upload('/recordings', data)
    return { ...files[0], sent: data.type }
  })
  expect(file).toMatchObject({ type: 'video/webm', sent: expect.stringMatching(/^video\/webm; ?codecs=/) })
  expect(s3.objects(BUCKET)).toMatchObject([{ type: expect.stringMatching(/^video\/webm; ?codecs=/) }])
})

describe('upload() in a page without a bundler', () => {
  it('reports the progress, and nothing after the end', async () => {
    const page = await openSite()
    const { events, result } = await page.evaluate(async () => {
      const events: Omit<UploadProgress, 'files'>[] = []
      const file = window.picture('photo.png', 40 << 20)
      const result = await window.client.upload('/upload', file, {
        onProgress: ({ files: _, ...event }) => events.push(event),
      })
      events.push = () => {
        throw new Error('Progress event after the end')
      }
      return { events, result }
    })
    expect(result).toMatchObject({ files: [{ filename: 'photo.png', size: 40 * MB }] })
    expect(s3.objects(BUCKET)).toMatchObject([{ size: 40 * MB }])
    const sent = events.map(({ sent }) => sent)
    expect(sent).toEqual([...sent].sort((a, b) => a - b))
    expect(sent.filter(sent => sent > 0 && sent < 40 * MB).length).toBeGreaterThan(1)
    expect([...new Set(events.map(({ phase }) => phase))]).toEqual(['sending', 'storing', 'done'])
    expect(events.at(-1)).toMatchObject({ phase: 'done', ratio: 1, sent: 40 * MB, total: 40 * MB })
    expect(Math.max(...events.slice(0, -1).map(({ ratio }) => ratio))).toBeLessThanOrEqual(0.99)
  })

  it('reports the progress of each file of a form', async () => {
    const page = await openSite()
    let onPartlySent = () => {}
    secondFilePartlySent = new Promise(resolve => {
      onPartlySent = resolve
    })
    await page.exposeFunction('onPartlySent', onPartlySent)
    const events = await page.evaluate(async () => {
      const { onPartlySent } = window as unknown as { onPartlySent(): void }
      const events: number[][] = []
      // The second file is larger than the send and receive buffers together.
      const files = Object.entries({ 'a.png': 15 << 20, 'b.png': 45 << 20 }).map(([name, size]) =>
        window.picture(name, size),
      )
      await window.client.upload('/upload-in-two-steps', files, {
        onProgress({ files }) {
          events.push(files.map(({ sent }) => sent))
          const { sent = 0, total = 0 } = files[1] ?? {}
          if (sent > 0 && sent < total) onPartlySent()
        },
      })
      return events
    })
    for (const [a = 0, b = 0] of events) expect(b === 0 || a === 15 * MB).toBe(true)
    expect(events.some(([, b = 0]) => b > 0 && b < 45 * MB)).toBe(true)
    expect(events.at(-1)).toEqual([15 * MB, 45 * MB])
  })

  it('sends the fields of a form before its files, with the Content-Type of the browser', async () => {
    const page = await openSite()
    const files = ['1.png', '2.png'].map(name => ({ name, mimeType: 'image/png', buffer: Buffer.from('x') }))
    await page.setInputFiles('[name=photo]', files)
    const response = await page.evaluate(() =>
      window.client.upload<import('s3-upstream/client').Answers<unknown>>(
        '/echo',
        document.querySelector('form') as HTMLFormElement,
        { method: 'PUT', headers: { 'X-Csrf': 'token' } },
      ),
    )
    expect(response).toMatchObject({
      method: 'PUT',
      fields: ['title', 'public', 'photo', 'photo'],
      headers: {
        'x-csrf': 'token',
        'content-type': expect.stringMatching(/^multipart\/form-data; boundary=./),
        'content-length': expect.stringMatching(/^\d+$/),
      },
    })
  })

  it('sends cookies to another origin only with withCredentials', async () => {
    const page = await openSite()
    await page.context().addCookies([{ name: 'session', value: '1', url: other.url }])
    for (const withCredentials of [true, false]) {
      const { result } = await uploadFile(page, `${other.url}/echo`, 10, {
        withCredentials,
        headers: { 'X-Csrf': '1' },
      })
      expect((result as { headers: { cookie?: string } }).headers.cookie).toBe(
        withCredentials ? 'session=1' : undefined,
      )
    }
  })

  it('aborts the request and stores nothing when cancelled', async () => {
    const page = await openSite()
    const code = await page.evaluate(() => {
      const controller = new AbortController()
      const file = window.picture('photo.png', 40 << 20)
      const onProgress = ({ sent }: UploadProgress) => sent > 0 && controller.abort()
      return window.client
        .upload('/upload', file, { signal: controller.signal, onProgress })
        .catch(({ code }) => code)
    })
    expect(code).toBe('ABORTED')
    await expect.poll(() => s3.uploads(BUCKET)).toEqual([])
    expectNothingLeft(s3)
  })

  it('sends no request when cancelled in the first progress event', async () => {
    const page = await openSite()
    const requests: string[] = []
    page.on('request', request => requests.push(request.url()))
    const code = await page.evaluate(() => {
      const controller = new AbortController()
      const file = new File(['a'], 'photo.png', { type: 'image/png' })
      const onProgress = () => controller.abort()
      return window.client
        .upload('/upload', file, { signal: controller.signal, onProgress })
        .catch(({ code }) => code)
    })
    expect(code).toBe('ABORTED')
    expect(requests).toEqual([])
    expectNothingLeft(s3)
  })

  it('refuses a file over a limit without a request, with the error that the server sends', async () => {
    const page = await openSite()
    const fromServer = await uploadFile(page, '/upload', 51 * MB)
    const requests: string[] = []
    page.on('request', request => requests.push(request.url()))
    expect(await uploadFile(page, '/upload', 51 * MB, { maxFileSize: '50MB' })).toEqual(fromServer)
    expect(requests).toEqual([])
  })

  it.each([
    ['does not read', '/unread', 40 * MB, { timeout: 1000 }],
    ['does not respond', '/no-response', 10, { storingTimeout: 1000 }],
  ])('times out if the server %s', async (_name, path, size, options) => {
    const page = await openSite()
    const { error } = await uploadFile(page, path, size, options)
    expect(error).toMatchObject({ code: 'TIMEOUT', status: 0 })
    // The server sees the disconnect.
    openRequest?.on('error', () => {}).resume()
    await expect.poll(() => openRequest?.destroyed).toBe(true)
  })

  it.each([
    [
      'a file over the limit',
      '/upload',
      51 * MB,
      { code: 'FILE_TOO_LARGE', status: 413, limit: 50 * MB, filename: 'photo.png' },
    ],
    ['a 413 from a proxy', '/proxy-413', 5 * MB, { code: 'REQUEST_TOO_LARGE', status: 413 }],
    ['an empty 502', '/empty-502', 10, { code: 'HTTP_ERROR', status: 502 }],
    ['an HTML page with status 200', '/page', 10, { code: 'BAD_ANSWER', status: 200 }],
    ['a broken connection', '/broken', 10, { code: 'UNREACHABLE', status: 0 }],
    ['an address that the browser blocks', 'http://127.0.0.1:9/', 10, { code: 'UNREACHABLE', status: 0 }],
  ])('rejects with an UploadError for %s', async (_name, path, size, expected) => {
    // biome-ignore format: rows
    const page = await openSite()
    const { error } = await uploadFile(page, path, size, { retries: 0 })
    expect(error).toMatchObject(expected)
    expect(error?.message).toMatch(/\w{3,} .*\.$/)
    expectNothingLeft(s3)
  })

  it('rejects with FILE_UNREADABLE if a file was removed after it was selected', async () => {
    const folder = mkdtempSync(join(tmpdir(), 's3-upstream-'))
    const path = join(folder, 'notes.png')
    writeFileSync(path, 'first')
    const page = await openSite()
    await page.setInputFiles('[name=photo]', path)
    // The wrapper keeps the size from the selection, like a file from the browser's file dialog.
    const selected = await page.evaluateHandle(() => {
      const [file] = document.querySelector('input')?.files ?? []
      return new File([file as File], 'notes.png', { type: 'image/png' })
    })
    rmSync(path)
    const error = await page.evaluate(
      file => window.client.upload('/upload', file).catch(({ code, filename }) => ({ code, filename })),
      selected,
    )
    expect(error).toEqual({ code: 'FILE_UNREADABLE', filename: 'notes.png' })
    rmSync(folder, { recursive: true })
  })

  it('sends a file once more, not `retries` times, if the connection breaks in the middle', async () => {
    const page = await openSite()
    // Chromium itself repeats a request that breaks on a connection that it has used before, so the server sees more.
    const { code, attempts } = await page.evaluate(async () => {
      const attempts: number[] = []
      const file = window.picture('photo.png', 40 << 20)
      const onProgress = ({ attempt }: UploadProgress) => attempts.push(attempt)
      const code = await window.client
        .upload('/break-off', file, { retries: 4, onProgress })
        .catch(({ code }) => code)
      return { code, attempts }
    })
    expect(code).toBe('UNREACHABLE')
    expect([...new Set(attempts)]).toEqual([1, 2])
  })

  it('retries after the Retry-After of a busy server', async () => {
    const page = await openSite()
    const start = performance.now()
    const { result } = await uploadFile(page, '/busy', 100)
    expect(result).toMatchObject({ files: [{ size: 100 }] })
    expect(performance.now() - start).toBeGreaterThan(1000)
    expect(s3.objects(BUCKET)).toHaveLength(1)
  })
})

describe('uploadEach() in a page', () => {
  it('sends two files at once and sums the progress', async () => {
    const page = await openSite()
    const summary = await page.evaluate(async () => {
      const files = [0, 1, 2, 3, 4].map(n => window.picture(`${n}.png`, 3 << 20))
      files[2] = new File(['some words'], '2.png', { type: 'image/png' })
      const ratios: number[] = []
      const onProgress = ({ ratio }: EachProgress) => ratios.push(ratio)
      const { stored, failed } = await window.client.uploadEach('/counted', files, {
        concurrency: 2,
        onProgress,
      })
      return {
        stored: stored.map(({ result }) => result?.files[0]?.filename),
        failed: failed.map(({ file, error }) => [file.name, error?.code]),
        last: ratios.at(-1),
        maxBefore: Math.max(...ratios.slice(0, -1)),
      }
    })
    expect(summary).toEqual({
      stored: ['0.png', '1.png', '3.png', '4.png'],
      failed: [['2.png', 'TYPE_NOT_ACCEPTED']],
      last: 1,
      maxBefore: expect.any(Number),
    })
    expect(summary.maxBefore).toBeLessThanOrEqual(0.99)
    expect(maxConcurrent).toBe(2)
    expect(s3.objects(BUCKET)).toHaveLength(4)
  })
})
