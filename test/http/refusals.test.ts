import { execFile, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, request } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { promisify } from 'node:util'
import express5 from 'express'
import { s3Upload } from 's3-upstream/express'
import { describe, expect, it } from 'vitest'
import type { S3UploadOptions } from '../../src/options/options.ts'
import { nextId, onlyReply, openWire, requestHead, type Wire } from '../hostile/wire.ts'
import { bytes, MB } from '../support/bytes.ts'
import { hold } from '../support/faults.ts'
import { FORM_TYPE, filePart, formBody } from '../support/form-body.ts'
import { type RunningRoute, routes, useRunningRoutes } from '../support/routes.ts'
import { open, post, replyTo } from '../support/send.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { until } from '../support/until.ts'

const s3 = await useStorage()
const running = useRunningRoutes()

/** Without curl, its test is skipped with a message. In CI, curl must be installed. */
function hasCurl(): boolean {
  const { status } = spawnSync('curl', ['--version'])
  if (status !== 0 && process.env.CI) throw new Error('curl is needed: apt-get install curl')
  if (status !== 0) process.stdout.write('curl is not installed: the response to curl is not tested\n')
  return status === 0
}

describe.each(routes)('$name', kind => {
  async function start(options: Partial<S3UploadOptions> = {}): Promise<RunningRoute> {
    const route = await kind.open({ bucket: BUCKET, client: s3.oneTry, onError: () => {}, ...options })
    running.push(route)
    return route
  }

  describe('a file of 100 MB with a limit of 1 MB', () => {
    const LIMITS = { maxFileSize: '1MB', maxTotalSize: '200MB', maxDrainSize: '8MB' } as const
    const HUGE = 100 * MB
    /** Bytes that a server reads beyond those it drains: the file up to its limit, and chunks in flight. */
    const SLACK = 2 * MB

    async function startCounting(options: Partial<S3UploadOptions> = {}) {
      const route = await start({ ...LIMITS, ...options })
      const counted: { bytes: number }[] = []
      route.server.on('connection', socket => {
        const count = { bytes: 0 }
        counted.push(count)
        socket.on('close', () => (count.bytes = socket.bytesRead))
      })
      const read = async () => {
        await until(() => counted.length > 0 && counted.every(({ bytes }) => bytes > 0))
        return Math.max(...counted.map(({ bytes }) => bytes))
      }
      return { ...route, read }
    }

    it('gets a response in fetch', async () => {
      const { url, read } = await startCounting()
      const form = new FormData()
      form.append('f', new Blob([Buffer.alloc(HUGE)]), 'huge.bin')
      const response = await fetch(url, { method: 'POST', body: form })
      expect(response.status).toBe(413)
      expect(await response.json()).toMatchObject({ code: 'FILE_TOO_LARGE', limit: MB })
      expect(await read()).toBeLessThan(9 * MB + SLACK)
      expectNothingLeft(s3)
    })

    if (kind.hasNext) {
      it('gets the response of the application with respond: false', async () => {
        const { url, read } = await startCounting({ respond: false, drainTimeout: '1s' })
        const form = new FormData()
        form.append('f', new Blob([Buffer.alloc(HUGE)]), 'huge.bin')
        const response = await fetch(url, { method: 'POST', body: form })
        expect(response.status).toBe(413)
        expect(await response.json()).toEqual({ handler: 'FILE_TOO_LARGE' })
        expect(await read()).toBeLessThan(9 * MB + SLACK)
        expectNothingLeft(s3)
      })
    }

    if (hasCurl()) {
      it('gets a response in curl', async () => {
        const { url, read } = await startCounting()
        const curl = promisify(execFile)('curl', [
          '-sS',
          '-H',
          'Expect:',
          '-F',
          'f=@-;filename=huge.bin',
          '-w',
          ' %{http_code}',
          url,
        ])
        const { stdin } = curl.child
        stdin?.on('error', () => {})
        stdin?.end(Buffer.alloc(HUGE))
        const { stdout } = await curl
        expect(stdout).toMatch(/"code":"FILE_TOO_LARGE".* 413$/)
        expect(await read()).toBeLessThan(9 * MB + SLACK)
        expectNothingLeft(s3)
      })
    }

    it('gets a response on a raw socket', async () => {
      const { url, read } = await startCounting()
      const { port } = new URL(url)
      const socket = connect(Number(port), '127.0.0.1')
      const body = formBody([filePart('f', 'huge.bin', Buffer.alloc(HUGE))])
      socket.on('error', () => {})
      socket.write(
        `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: ${FORM_TYPE}\r\nContent-Length: ${body.length}\r\n\r\n`,
      )
      socket.write(body)
      let response = ''
      for await (const chunk of socket.setEncoding('utf8')) {
        response += chunk
        if (response.endsWith('}')) break
      }
      expect(response).toMatch(/^HTTP\/1\.1 413 /)
      expect(response).toMatch(/\r\nConnection: close\r\n/i)
      expect(response).toMatch(/"code":"FILE_TOO_LARGE"/)
      expect(await read()).toBeLessThan(9 * MB + SLACK)
      expectNothingLeft(s3)
    })

    it('closes the connection of a client that never reads', async () => {
      const { url, server } = await startCounting()
      const connection = once(server, 'connection')
      const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {})
      socket.write(
        `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: ${FORM_TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n`,
      )
      const [serverSide] = (await connection) as [Socket]
      const closed = new Promise(resolve => serverSide.once('close', resolve))
      const body = formBody([filePart('f', 'huge.bin', Buffer.alloc(40 * MB))])
      socket.write(`${body.length.toString(16)}\r\n`)
      socket.write(body)
      await closed
      socket.destroy()
      expectNothingLeft(s3)
    })
  })

  describe('a client that reads only when it has sent everything', () => {
    /** Sends a file as Firefox, WebKit and many scripts do. Resolves with what it reads afterwards. */
    async function sendAll(url: string, size: number): Promise<string> {
      const socket = connect(Number(new URL(url).port), '127.0.0.1').on('error', () => {})
      const chunk = Buffer.alloc(MB)
      const start = formBody([filePart('f', 'huge.bin', '')], '')
      const length = start.length + size
      socket.write(
        `POST / HTTP/1.1\r\nHost: x\r\nContent-Type: ${FORM_TYPE}\r\nContent-Length: ${length}\r\n\r\n`,
      )
      socket.write(start)
      for (let sent = 0; sent < size; sent += MB) {
        if (!socket.write(chunk)) await once(socket, 'drain')
      }
      return Buffer.concat(await socket.toArray()).toString()
    }

    it('gets a response to 200 MB with a limit of 10 MB', async () => {
      const { url } = await start({ maxFileSize: '10MB', maxTotalSize: '2GB' })
      expect(await sendAll(url, 200 * MB)).toMatch(/^HTTP\/1\.1 413 .*"code":"FILE_TOO_LARGE"/s)
      expectNothingLeft(s3)
    })

    if (!kind.hasNext) {
      it('gets a response to 1 GB', async () => {
        const { url } = await start()
        expect(await sendAll(url, 1024 * MB)).toMatch(/^HTTP\/1\.1 413 .*"code":"REQUEST_TOO_LARGE"/s)
      })
    }
  })

  it.each([
    ['trickles', 10],
    ['stops sending but stays connected', undefined],
  ])('closes the connection of a refused client that %s, after drainTimeout', async (_, interval) => {
    const { url } = await start({ maxFileSize: 10, drainTimeout: 200 })
    const { socket, received } = openRefused(url)
    const trickle = interval && setInterval(() => socket.write('x'), interval)
    expect(onlyReply(await received)).toMatchObject({ status: 413, json: { code: 'FILE_TOO_LARGE' } })
    clearInterval(trickle)
  })

  describe('a stalled client', () => {
    it('gets 408, and nothing is stored', async () => {
      const { url } = await start({ idleTimeout: 50 })
      const client = open(url, { 'content-type': FORM_TYPE, 'transfer-encoding': 'chunked' })
      client.write(
        formBody([filePart('a', 'a', 'held'), filePart('b', 'b', bytes(6 * MB))], '').subarray(0, -100),
      )
      const [response] = (await once(client, 'response')) as [IncomingMessage]
      expect(response.statusCode).toBe(408)
      client.destroy()
      expectNothingLeft(s3)
    })

    it('does not include a client that waits for slow storage', async () => {
      const release = hold(s3, 'UploadPart')
      const { url } = await start({ idleTimeout: '1s', concurrency: 1 })
      const reply = post(url, formBody([filePart('a', 'a', bytes(30 * MB))]))
      await until(() => s3.requests.some(({ operation }) => operation === 'UploadPart'))
      // Longer than idleTimeout. Only time can show that this time does not count.
      await new Promise(resolve => setTimeout(resolve, 2000))
      release()
      expect((await reply).status).toBe(201)
    })

    it('does not include a client that had to wait, even if bytes that arrived meanwhile are read at once', async () => {
      // TCP probes a paused connection less and less often, so its client is silent for a while. Only time can show that.
      const { url } = await start({
        idleTimeout: 200,
        key: () => new Promise(resolve => setTimeout(resolve, 2000, 'a')),
      })
      const form = formBody([filePart('a', 'a', bytes(300_000))])
      const client = open(url, { 'content-type': FORM_TYPE, 'content-length': `${form.length}` })
      client.write(form.subarray(0, -1))
      await new Promise(resolve => setTimeout(resolve, 2800))
      client.end(form.subarray(-1))
      expect(await replyTo(client)).toMatchObject({ status: 201 })
    })
  })

  describe('validate', () => {
    const form = formBody([
      { name: 'n', body: '2' },
      filePart('a', 'a.txt', 'aa'),
      filePart('b', 'b.bin', bytes(6 * MB)),
    ])

    it('sees the whole form before anything is visible', async () => {
      const seen: unknown[] = []
      const validate: S3UploadOptions['validate'] = async ({ files, fields }, { request }) => {
        seen.push(
          files.map(({ field, size }) => [field, size]),
          { ...fields },
          (request as IncomingMessage).method,
          s3.objects(BUCKET).length,
        )
      }
      const { url } = await start({ validate })
      expect((await post(url, form)).status).toBe(201)
      expect(seen).toEqual([
        [
          ['a', 2],
          ['b', 6 * MB],
        ],
        { n: '2' },
        'POST',
        0,
      ])
    })

    it.each([
      [
        '422 for an Error',
        new Error('Two files are needed.'),
        422,
        { code: 'REFUSED', detail: 'Two files are needed.' },
      ],
      [
        'its own status',
        Object.assign(new Error('Not yours.'), { status: 403 }),
        403,
        { detail: 'Not yours.' },
      ],
    ])('refuses the form with %s, and stores nothing', async (_, error, status, problem) => {
      const { url } = await start({
        validate: () => {
          throw error
        },
      })
      expect(await post(url, form)).toMatchObject({ status, json: problem })
      expectNothingLeft(s3)
    })

    it('fails with 500 if it has a bug, and stores nothing', async () => {
      const { url } = await start({
        validate: async () => (undefined as unknown as { length: number }).length,
      })
      expect((await post(url, form)).status).toBe(500)
      expectNothingLeft(s3)
    })
  })

  describe("ifExists: 'fail'", () => {
    const options = { ifExists: 'fail', key: ({ filename }: { filename: string }) => filename } as const

    it.each([
      ['small', 10],
      ['large', 6 * MB],
    ])('refuses a %s file whose key exists with 409, and changes nothing', async (_, size) => {
      const { url } = await start(options)
      const form = formBody([filePart('other', 'other', 'x'), filePart('a', 'a', bytes(size))])
      expect((await post(url, formBody([filePart('a', 'a', 'older')]))).status).toBe(201)
      expect(await post(url, form)).toMatchObject({ status: 409, json: { code: 'ALREADY_EXISTS' } })
      expect(s3.objects(BUCKET).map(({ key, body }) => [key, body.toString()])).toEqual([['a', 'older']])
      expect(s3.uploads(BUCKET)).toEqual([])
    })

    it.each([
      ['small', 10],
      ['large', 6 * MB],
    ])('lets one of two %s uploads win a race for a key', async (_, size) => {
      const { url } = await start(options)
      const commit = size > MB ? 'CompleteMultipartUpload' : 'PutObject'
      const both = until(() => s3.requests.filter(({ operation }) => operation === commit).length === 2)
      s3.fault(({ operation }) => (operation === commit ? { until: both } : undefined))
      const replies = await Promise.all(
        [1, 2].map(seed => post(url, formBody([filePart('a', 'a', bytes(size, seed))]))),
      )
      expect(replies.map(({ status }) => status).sort()).toEqual([201, 409])
      const winner = replies.find(({ status }) => status === 201)
      expect(s3.objects(BUCKET)).toMatchObject([{ key: 'a', etag: winner?.json.files[0].etag }])
      expect(s3.uploads(BUCKET)).toEqual([])
    })
  })
})

it('ends the connection of a refused client that sends nothing for 5 seconds, on every framework', async () => {
  const replies = routes.map(async kind => {
    const options = { bucket: BUCKET, client: s3.oneTry, maxFileSize: 10, drainTimeout: '1h' } as const
    const route = await kind.open({ ...options, onError: () => {} })
    running.push(route)
    return onlyReply(await openRefused(route.url).received)
  })
  for (const reply of await Promise.all(replies)) {
    expect(reply).toMatchObject({ status: 413, json: { code: 'FILE_TOO_LARGE' } })
  }
})

/** A client that stays connected after a file over the limit, whatever the server responds. */
function openRefused(url: string): Wire {
  const wire = openWire(url)
  wire.socket.write(requestHead(nextId(), { 'Content-Length': 2 * MB }))
  wire.socket.write(formBody([filePart('f', 'f', bytes(1000))], ''))
  return wire
}

describe('Expect: 100-continue', () => {
  const serving = routes.map(kind => ({
    ...kind,
    async serve(options: Partial<S3UploadOptions>) {
      const route = await kind.open({ bucket: BUCKET, client: s3.oneTry, onError: () => {}, ...options })
      const [handler] = route.server.listeners('request') as [RequestListener]
      route.server.on('checkContinue', handler)
      running.push(route)
      return route.url
    },
  }))

  function openExpecting(url: string, headers: Record<string, string>) {
    const client = request(url, {
      method: 'POST',
      agent: false,
      headers: { expect: '100-continue', ...headers },
    })
    client.on('error', () => {}).flushHeaders()
    return client
  }

  it.each(serving)('$name sends 100 Continue if the headers are valid', async ({ serve }) => {
    const body = formBody([filePart('a', 'a', 'a')])
    const client = openExpecting(await serve({}), {
      'content-type': FORM_TYPE,
      'content-length': `${body.length}`,
    })
    await once(client, 'continue')
    client.end(body)
    expect((await replyTo(client)).status).toBe(201)
  })

  it.each(serving)('$name refuses the request without 100 Continue otherwise', async ({ serve }) => {
    const url = await serve({ maxFileSize: '1MB', maxFiles: 1 })
    let continued = 0
    for (const [headers, status] of [
      [{ 'content-type': FORM_TYPE, 'content-length': `${100 * MB}` }, 413],
      [{ 'content-type': 'text/plain', 'content-length': '10' }, 415],
    ] as const) {
      const client = openExpecting(url, headers).on('continue', () => continued++)
      expect((await replyTo(client)).status).toBe(status)
      client.destroy()
    }
    expect(continued).toBe(0)
  })
})

describe('behind a body parser', () => {
  async function listen(app: express5.Express): Promise<string> {
    const server = createServer(app).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const close = async () => {
      server.close()
      server.closeAllConnections()
    }
    running.push({ url: '', server, errors: [], close })
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  }

  it('refuses a request that is not a form with 415', async () => {
    const app = express5()
      .use(express5.json())
      .use(s3Upload(BUCKET, { client: s3.client }))
    const reply = await post(await listen(app), '{"a":1}', { 'content-type': 'application/json' })
    expect(reply).toMatchObject({ status: 415, json: { code: 'NOT_MULTIPART' } })
  })

  it('stores a form, which the parser does not read', async () => {
    const app = express5()
      .use(express5.json(), express5.urlencoded())
      .use(s3Upload(BUCKET, { client: s3.client }))
    expect((await post(await listen(app), formBody([filePart('a', 'a', 'a')]))).status).toBe(201)
  })
})
