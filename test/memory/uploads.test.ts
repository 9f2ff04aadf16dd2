import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createMemoryBudget, defaultMemoryBudget, type MemoryBudget, type UploadError } from 's3-upstream'
import { s3Upload } from 's3-upstream/http'
import { afterEach, describe, expect, it } from 'vitest'
import type { StreamToS3Options } from '../../src/options/options.ts'
import { bytes, MB, sha256 } from '../support/bytes.ts'
import { hold } from '../support/faults.ts'
import { BOUNDARY, FORM_TYPE, type FormPart, filePart, formBody } from '../support/form-body.ts'
import { listen, type RunningRoute } from '../support/routes.ts'
import { open, post, postChunks, type Reply, replyTo } from '../support/send.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { until } from '../support/until.ts'

const s3 = await useStorage()
const running: RunningRoute[] = []

afterEach(async () => {
  await Promise.all(running.splice(0).map(route => route.close()))
  expect(defaultMemoryBudget).toMatchObject({ inUse: 0, waiting: 0 })
})

async function start(options: Partial<StreamToS3Options> = {}): Promise<RunningRoute> {
  const handler = s3Upload({ bucket: BUCKET, client: s3.oneTry, ...options } as StreamToS3Options)
  const route = await listen(() => handler)
  running.push(route)
  return route
}

/** Expects that a budget lends nothing after its uploads have ended. */
function expectAllReturned(budget: MemoryBudget): void {
  expect(budget).toMatchObject({ inUse: 0, waiting: 0 })
}

/** Returns the hashes of the objects that a response names, in the order of the form. */
function stored(reply: Reply): (string | undefined)[] {
  const objects = new Map(s3.objects(BUCKET).map(({ key, body }) => [key, sha256(body)]))
  return reply.json.files.map(({ key }: { key: string }) => objects.get(key))
}

/** Starts an upload that sends the first `sent` bytes of its file, and the rest with `finish`. */
async function beginUpload(url: string, file: Buffer, sent: number) {
  const body = formBody([filePart('file', 'file.bin', file)])
  const at = body.length - file.length - 100 + sent
  const client = open(url, { 'content-type': FORM_TYPE, 'content-length': `${body.length}` })
  client.write(body.subarray(0, at))
  await once(client, 'socket')
  const reply = replyTo(client)
  // A test that aborts the upload does not read the response.
  reply.catch(() => {})
  return { client, reply, finish: () => client.end(body.subarray(at)) }
}

/** Starts an upload of unknown length that sends its file a byte at a time until it is stopped. */
async function beginTrickle(url: string) {
  const client = open(url, { 'content-type': FORM_TYPE, 'transfer-encoding': 'chunked' })
  client.write(formBody([filePart('file', 'file.bin', 'x')], '').subarray(0, -2))
  await once(client, 'socket')
  const trickle = {
    client,
    sent: 0,
    reply: replyTo(client),
    stop() {
      clearInterval(timer)
      client.destroy()
    },
    finish() {
      clearInterval(timer)
      client.end(`\r\n--${BOUNDARY}--\r\n`)
    },
  }
  trickle.reply.catch(() => {})
  const timer = setInterval(() => {
    trickle.sent++
    client.write('x')
  }, 100)
  return trickle
}

describe('a memory budget shared by uploads', () => {
  it('stores many concurrent forms with small and large files through a budget of two parts', async () => {
    const memoryBudget = createMemoryBudget('10MB')
    let peak = 0
    let waited = 0
    const { url } = await start({
      memoryBudget,
      onProgress() {
        peak = Math.max(peak, memoryBudget.inUse)
        waited = Math.max(waited, memoryBudget.waiting)
      },
    })
    const sizes = [300_000, 12 * MB, 1_500_000, 20, 6 * MB, 900_000, 0, 5 * MB, 2 * MB]
    const content = bytes(14 * MB)
    const forms = Array.from({ length: 8 }, (_, form) =>
      // Half of the forms have the reverse order, so that their steps interleave.
      (form % 2 ? sizes.toReversed() : sizes).map((size, file) => {
        const start = 10_000 * form + 1000 * file
        return content.subarray(start, start + size)
      }),
    )
    const replies = await Promise.all(
      forms.map((files, form) => {
        const body = formBody(files.map((file, i) => filePart(`f${i}`, `f${i}.bin`, file)))
        // Without a declared length, every file can be large.
        if (form % 3 === 0) return postChunks(url, [body])
        return post(url, body)
      }),
    )
    expect(replies.map(({ status }) => status)).toEqual(forms.map(() => 201))
    expect(replies.map(stored)).toEqual(forms.map(files => files.map(sha256)))
    expect(s3.uploads(BUCKET)).toEqual([])
    expect(peak).toBeLessThanOrEqual(10 * MB)
    expect(waited).toBeGreaterThan(0)
    expectAllReturned(memoryBudget)
  }, 60_000)

  it('stores a form of several files through a budget of one part', async () => {
    const { url } = await start({ memoryBudget: '5MB' })
    const files = [bytes(100_000, 1), bytes(11 * MB, 2), bytes(100_000, 3), bytes(5 * MB, 4)]
    const reply = await post(url, formBody(files.map((file, i) => filePart('f', `f${i}.bin`, file))))
    expect(stored(reply)).toEqual(files.map(sha256))
  })

  it('stores many small files whose hooks resolve in any order', async () => {
    const memoryBudget = createMemoryBudget('5MB')
    let named = 0
    const { url } = await start({
      memoryBudget,
      maxFiles: 40,
      async key({ filename }) {
        await new Promise(resolve => setTimeout(resolve, (++named * 7) % 20))
        return filename + randomUUID()
      },
    })
    const files = Array.from({ length: 40 }, (_, i) => bytes(40_000, i + 1))
    const form = formBody(files.map((file, i) => filePart('f', `f${i}`, file)))
    for (let time = 0; time < 3; time++) {
      expect(stored(await postChunks(url, [form]))).toEqual(files.map(sha256))
    }
    expectAllReturned(memoryBudget)
  })

  it('sends held files to S3 early only when their upload must wait', async () => {
    const memoryBudget = createMemoryBudget('10MB')
    const { url } = await start({ memoryBudget })
    const files = [bytes(100_000, 1), bytes(200_000, 2), bytes(11 * MB, 3)]
    const form = (some: Buffer[]) => formBody(some.map((file, i) => filePart('f', `f${i}.bin`, file)))
    const sent = () => s3.requests.map(({ operation }) => operation)

    expect((await post(url, form(files.slice(0, 2)))).status).toBe(201)
    expect(sent()).toEqual(['PutObject', 'PutObject'])

    const reply = await post(url, form(files))
    expect(stored(reply)).toEqual(files.map(sha256))
    expect(sent().filter(operation => operation === 'CompleteMultipartUpload')).toHaveLength(3)
    expectAllReturned(memoryBudget)
  })

  it('lends in order of arrival and does not read uploads that wait', async () => {
    const memoryBudget = createMemoryBudget('5MB')
    const order: string[] = []
    const { url } = await start({
      memoryBudget,
      key: ({ filename }) => filename,
      onProgress({ file, stored }) {
        if (stored > 0) order.push(file.filename)
      },
    })
    const release = hold(s3, 'PutObject')
    const names = ['a', 'b', 'c', 'd']
    const replies: Promise<Reply>[] = []
    for (const [i, name] of names.entries()) {
      replies.push(post(url, formBody([filePart('file', name, bytes(4 * MB, i))])))
      await until(() => memoryBudget.inUse > 0 && memoryBudget.waiting === i)
    }
    expect(memoryBudget.inUse).toBe(5 * MB)
    expect(s3.requests.length).toBeLessThanOrEqual(1)
    release()
    expect((await Promise.all(replies)).map(({ status }) => status)).toEqual([201, 201, 201, 201])
    expect(order).toEqual(names)
    expectAllReturned(memoryBudget)
  })

  it('takes the buffer back from a stalled client after idleTimeout, but never fails an upload that waits', async () => {
    const memoryBudget = createMemoryBudget('5MB')
    const { url } = await start({ memoryBudget, idleTimeout: 300 })
    const stalled = await beginUpload(url, bytes(4 * MB), MB)
    await until(() => memoryBudget.inUse > 0)
    const waiting = post(url, formBody([filePart('file', 'b', bytes(4 * MB, 2))]))
    await until(() => memoryBudget.waiting === 1)
    expect(await stalled.reply).toMatchObject({ status: 408, json: { code: 'CLIENT_STALLED' } })
    stalled.client.destroy()
    expect((await waiting).status).toBe(201)
    expectAllReturned(memoryBudget)
  })

  it('serves the next upload when the client of a waiting upload disconnects', async () => {
    const memoryBudget = createMemoryBudget('5MB')
    const errors: unknown[] = []
    const { url } = await start({ memoryBudget, onError: error => errors.push(error) })
    const first = await beginUpload(url, bytes(4 * MB), MB)
    await until(() => memoryBudget.inUse > 0)
    const disconnected = await beginUpload(url, bytes(4 * MB), MB)
    await until(() => memoryBudget.waiting === 1)
    const last = post(url, formBody([filePart('file', 'b', bytes(4 * MB))]))
    await until(() => memoryBudget.waiting === 2)
    // The server cannot detect that a socket is closed while it does not read it.
    disconnected.client.destroy()
    first.finish()
    expect((await last).status).toBe(201)
    expect(errors).toMatchObject([{ code: 'ABORTED' }])
    expectAllReturned(memoryBudget)
  })

  it('removes an upload from the queue when the server aborts its signal', async () => {
    const memoryBudget = createMemoryBudget('5MB')
    const controller = new AbortController()
    const stopped = await start({ memoryBudget, signal: controller.signal })
    const { url } = await start({ memoryBudget })
    const first = await beginUpload(url, bytes(4 * MB), MB)
    await until(() => memoryBudget.inUse > 0)
    const second = post(stopped.url, formBody([filePart('file', 'b', bytes(4 * MB))]))
    await until(() => memoryBudget.waiting === 1)
    controller.abort()
    expect(await second).toMatchObject({ status: 503, json: { code: 'CANCELLED' } })
    expect(memoryBudget).toMatchObject({ inUse: 5 * MB, waiting: 0 })
    first.finish()
    expect((await first.reply).status).toBe(201)
    expectAllReturned(memoryBudget)
  })

  it.each(['UploadPart', 'CreateMultipartUpload', 'CompleteMultipartUpload', 'PutObject'] as const)(
    'lends nothing after %s fails',
    async operation => {
      const memoryBudget = createMemoryBudget('20MB')
      const { url } = await start({ memoryBudget })
      s3.fault(request =>
        request.operation === operation ? { status: 403, code: 'AccessDenied' } : undefined,
      )
      const parts: FormPart[] = [
        filePart('f', 'large', bytes(16 * MB)),
        filePart('f', 'small', bytes(100_000)),
      ]
      expect((await post(url, formBody(parts))).status).toBe(502)
      expectNothingLeft(s3)
      expectAllReturned(memoryBudget)
    },
  )

  it('applies to the routes that share it; other routes use the budget of the process', async () => {
    const memoryBudget = createMemoryBudget('5MB')
    const [one, two, other] = [await start({ memoryBudget }), await start({ memoryBudget }), await start()]
    const first = await beginUpload(one.url, bytes(4 * MB), MB)
    await until(() => memoryBudget.inUse > 0)
    const second = post(two.url, formBody([filePart('file', 'b', bytes(4 * MB))]))
    await until(() => memoryBudget.waiting === 1)
    const third = await beginUpload(other.url, bytes(4 * MB), MB)
    await until(() => defaultMemoryBudget.inUse === 5 * MB)
    third.finish()
    expect((await third.reply).status).toBe(201)
    first.finish()
    expect((await second).status).toBe(201)
  })

  it('refuses a slow upload that holds memory while others wait for it', async () => {
    const memoryBudget = createMemoryBudget('5MB')
    const { url } = await start({ memoryBudget, idleTimeout: 1000 })
    const slow = await beginTrickle(url)
    await until(() => memoryBudget.inUse > 0)
    const waiting = post(url, formBody([filePart('file', 'b', bytes(4 * MB))]))
    expect(await slow.reply).toMatchObject({ status: 408, json: { code: 'CLIENT_TOO_SLOW' } })
    slow.stop()
    expect((await waiting).status).toBe(201)
    expectAllReturned(memoryBudget)
  })

  it.each([
    ['no upload waits for memory', { minRate: '16KB' }, false],
    ['minRate is 0', { minRate: 0 }, true],
  ] as const)('reads a slow upload to its end if %s', async (_, options, hasWaiter) => {
    const memoryBudget = createMemoryBudget('5MB')
    const { url } = await start({ memoryBudget, idleTimeout: 500, ...options })
    const slow = await beginTrickle(url)
    await until(() => memoryBudget.inUse > 0)
    const form = formBody([filePart('file', 'b', bytes(4 * MB))])
    const waiting = hasWaiter ? post(url, form) : undefined
    await until(() => slow.sent > 20)
    slow.finish()
    expect((await slow.reply).status).toBe(201)
    if (waiting) expect((await waiting).status).toBe(201)
  })

  it('refuses no upload that is slow because S3 is', async () => {
    const memoryBudget = createMemoryBudget('12MB')
    const { url } = await start({ memoryBudget, idleTimeout: 200 })
    const release = hold(s3, 'UploadPart')
    const replies = [1, 2, 3].map(seed => post(url, formBody([filePart('f', 'f', bytes(16 * MB, seed))])))
    await until(() => memoryBudget.waiting > 0)
    const since = performance.now()
    await until(() => performance.now() - since > 2500)
    expect(memoryBudget.waiting).toBeGreaterThan(0)
    release()
    expect((await Promise.all(replies)).map(({ status }) => status)).toEqual([201, 201, 201])
  })

  it('stores small files while slow uploads hold all memory for large ones', async () => {
    const memoryBudget = createMemoryBudget('12MB')
    const { url } = await start({ memoryBudget })
    const slow = [await beginTrickle(url), await beginTrickle(url), await beginTrickle(url)]
    await until(() => memoryBudget.waiting === 1)
    const reply = await post(url, formBody([filePart('file', 'b', bytes(100_000))]))
    expect(reply.status).toBe(201)
    expect(memoryBudget).toMatchObject({ inUse: 10 * MB, waiting: 1 })
    for (const { stop } of slow) stop()
  })

  it('bounds the fields of all uploads, and stores every form', async () => {
    const memoryBudget = createMemoryBudget('16MB')
    const { url } = await start({ memoryBudget })
    const value = `€${'a'.repeat(60_000)}`
    const form = formBody([
      ...Array.from({ length: 16 }, (_, i) => ({ name: `f${i}`, body: value })),
      filePart('file', 'file', bytes(5 * MB)),
    ])
    let waited = 0
    const watching = setInterval(() => {
      waited = Math.max(waited, memoryBudget.waiting)
    }, 1)
    const replies = await Promise.all(Array.from({ length: 12 }, () => post(url, form)))
    clearInterval(watching)
    expect(replies.map(({ status }) => status)).toEqual(Array(12).fill(201))
    expect(replies.every(({ json }) => json.fields.f15 === value)).toBe(true)
    expect(waited).toBeGreaterThan(0)
    expectAllReturned(memoryBudget)
  })

  it.each([
    ['has read them', (response: IncomingMessage) => response.resume()],
    ['has disconnected', (response: IncomingMessage) => response.destroy()],
  ])('counts the fields in a response until its client %s', async (_, finish) => {
    const memoryBudget = createMemoryBudget('5MB')
    const { url } = await start({ memoryBudget })
    const form = formBody(
      Array.from({ length: 16 }, (_, i) => ({ name: `f${i}`, body: '\x01'.repeat(65_000) })),
    )
    const client = open(url, { 'content-type': FORM_TYPE, 'content-length': `${form.length}` })
    client.end(form)
    const [response] = (await once(client, 'response')) as [IncomingMessage]
    const second = post(url, form)
    await until(() => memoryBudget.waiting === 1)
    const third = await post(url, formBody([{ name: 'f', body: 'x' }]))
    expect(third.status).toBe(201)
    expect(memoryBudget.waiting).toBe(1)
    finish(response)
    expect((await second).status).toBe(201)
    expectAllReturned(memoryBudget)
  })

  it('lends at most the declared length of the request', async () => {
    const memoryBudget = createMemoryBudget('64MB')
    const { url } = await start({ memoryBudget })
    const upload = await beginUpload(url, bytes(100_000), 50_000)
    await until(() => memoryBudget.inUse > 0)
    expect(memoryBudget.inUse).toBe(128 * 1024)
    upload.finish()
    expect((await upload.reply).status).toBe(201)
  })
})

describe('S3 requests', () => {
  it('fail within storageTimeout if S3 does not respond, including queued requests', async () => {
    const errors: { code: string; status: number }[] = []
    const { url } = await start({
      maxS3Requests: 2,
      storageTimeout: 500,
      onError: error => errors.push(error as UploadError),
    })
    s3.fault(({ operation }) => (operation === 'PutObject' ? { hang: true } : undefined))
    const body = formBody([filePart('f', 'f.bin', bytes(100_000))])
    const replies = await Promise.all(Array.from({ length: 12 }, () => post(url, body)))
    expect(replies.map(({ status }) => status)).toEqual(Array(12).fill(504))
    expect(errors.map(({ code }) => code)).toEqual(Array(12).fill('STORAGE_TIMEOUT'))
    // If only two at a time failed, the last one would be sent after six times the limit.
    expect(s3.requests.filter(({ operation }) => operation === 'PutObject').length).toBeLessThan(12)
    expectNothingLeft(s3)
  })

  it('never exceed maxS3Requests for all uploads together, and every upload succeeds', async () => {
    const uploads = 8
    let received = 0
    const { url } = await start({
      maxS3Requests: 3,
      onProgress({ received: bytes }) {
        if (bytes === 100_000) received++
      },
    })
    const release = hold(s3, 'PutObject')
    const body = formBody([filePart('f', 'f.bin', bytes(100_000))])
    const replies = Array.from({ length: uploads }, () => post(url, body))
    await until(() => received === uploads && s3.requests.length === 3)
    // Any request that exceeds the limit arrives within these ticks.
    for (let tick = 0; tick < 20; tick++) await new Promise(resolve => setImmediate(resolve))
    expect(s3.requests).toHaveLength(3)
    release()
    expect((await Promise.all(replies)).map(({ status }) => status)).toEqual(Array(uploads).fill(201))
  })

  it('reach the concurrency of a single upload', async () => {
    const { url } = await start({ concurrency: 6, memoryBudget: '64MB' })
    const release = hold(s3, 'UploadPart')
    const reply = post(url, formBody([filePart('f', 'f.bin', bytes(40 * MB))]))
    const parts = () => s3.requests.filter(({ operation }) => operation === 'UploadPart')
    await until(() => parts().length === 6)
    release()
    expect((await reply).status).toBe(201)
  })
})
