import { AsyncLocalStorage } from 'node:async_hooks'
import { EventEmitter, once } from 'node:events'
import { Agent, createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import compression from 'compression'
import { describe, expect, it } from 'vitest'
import type { S3UploadOptions } from '../../src/options/options.ts'
import type { Fields, IncomingRequest, UploadedFile } from '../../src/shared/types.ts'
import { closeOf, nextId, openWire, requestHead } from '../hostile/wire.ts'
import { bytes, MB, sha256 } from '../support/bytes.ts'
import { hold } from '../support/faults.ts'
import { FORM_TYPE, filePart, formBody } from '../support/form-body.ts'
import {
  combinations,
  type RouteKind,
  type RunningRoute,
  routes,
  useRunningRoutes,
  wrapRequests,
} from '../support/routes.ts'
import { open, post, postChunks, replyTo } from '../support/send.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { PNG } from '../support/tiny-files.ts'
import { until } from '../support/until.ts'

const s3 = await useStorage()
const running = useRunningRoutes()

/** Every adapter keeps this contract with every uploader. */
const FIELDS = ['a', 'attachment', 'b', 'c', 'f', 'film', 'large', 'photo', 'small', 'tiny']

/** The same promises hold when the application decides about everything. */
const DECISIONS: Partial<S3UploadOptions> = {
  files: Object.fromEntries(FIELDS.map(name => [name, { minCount: 0 }])),
  fields: {
    '~standard': { version: 1, vendor: 'test', validate: async value => ({ value: value as Fields }) },
  },
  onStored: async () => undefined,
}
const cases = combinations.flatMap(combination => [
  { ...combination, decisions: {}, what: 'alone' },
  { ...combination, decisions: DECISIONS, what: 'with a contract, a schema and onStored' },
])

describe.each(cases)('$kind.name through the $name, $what', ({ kind, uploader, decisions }) => {
  async function start(options: Partial<S3UploadOptions> = {}): Promise<RunningRoute> {
    const route = await kind.open({
      bucket: BUCKET,
      client: s3.oneTry,
      uploader,
      onError: () => {},
      ...decisions,
      ...options,
    })
    running.push(route)
    return route
  }

  it('stores every file of a form byte for byte and responds with 201 and the result', async () => {
    const { url } = await start({ prefix: 'in/' })
    const photo = bytes(300_000)
    const film = bytes(12 * MB)
    const reply = await post(
      url,
      formBody([
        { name: 'title', body: 'Grüße' },
        { name: 'tag', body: 'a' },
        { name: 'attachment', filename: '', type: 'application/octet-stream' },
        { name: 'tag', body: 'b' },
        filePart('tiny', 'one.txt', '1'),
        filePart('photo', '写真 %22夏%22.jpg', photo, 'image/jpeg'),
        filePart('film', 'film.mp4', film, 'video/mp4'),
      ]),
    )

    expect(reply.status).toBe(201)
    expect(reply.headers['content-type']).toMatch(/^application\/json/)
    expect(reply.json.fields).toEqual({ title: 'Grüße', tag: ['a', 'b'] })
    expect(reply.json.files).toMatchObject([
      { field: 'tiny', filename: 'one.txt', type: 'text/plain', size: 1, bucket: BUCKET },
      { field: 'photo', filename: '写真 "夏".jpg', type: 'image/jpeg', size: photo.length, bucket: BUCKET },
      { field: 'film', filename: 'film.mp4', type: 'video/mp4', size: film.length, bucket: BUCKET },
    ])
    const stored = new Map(s3.objects(BUCKET).map(object => [object.key, object]))
    expect(stored.size).toBe(3)
    for (const [index, body] of [Buffer.from('1'), photo, film].entries()) {
      const { key, etag, type } = reply.json.files[index] as UploadedFile
      expect(key).toMatch(/^in\/[0-9a-f-]{36}\.(txt|jpg|mp4)$/)
      expect(stored.get(key)).toMatchObject({ etag, type, size: body.length })
      expect(sha256(stored.get(key)?.body ?? Buffer.alloc(0))).toBe(sha256(body))
    }
    expect(s3.uploads(BUCKET)).toEqual([])
  })

  it('accepts a form without a declared length, one byte at a time', async () => {
    const { url } = await start()
    const form = formBody([{ name: 'a', body: 'b' }, filePart('f', 'x.txt', 'hello')])
    const reply = await postChunks(
      url,
      Array.from(form, byte => Buffer.of(byte)),
    )
    expect(reply.status).toBe(201)
    expect(s3.objects(BUCKET).map(({ body }) => body.toString())).toEqual(['hello'])
  })

  it('responds to a form without files', async () => {
    const { url } = await start()
    const reply = await post(url, formBody([{ name: 'a', body: 'b' }]))
    expect(reply).toMatchObject({ status: 201, json: { files: [], fields: { a: 'b' } } })
    expectNothingLeft(s3)
  })

  it('refuses a request that is not a multipart form with 415', async () => {
    const { url } = await start()
    const reply = await post(url, '{}', { 'content-type': 'application/json' })
    expect(reply.status).toBe(415)
    expect(reply.headers['content-type']).toBe('application/problem+json')
    expect(reply.json).toEqual({
      type: 'about:blank',
      title: 'Not a multipart form',
      status: 415,
      code: 'NOT_MULTIPART',
      detail: 'The request has Content-Type application/json. Send the form as multipart/form-data.',
      allowed: ['multipart/form-data'],
    })
    expect(s3.requests).toEqual([])
  })

  it('refuses a form without a boundary with 400', async () => {
    const { url } = await start()
    const reply = await post(url, 'x', { 'content-type': 'multipart/form-data' })
    expect(reply).toMatchObject({ status: 400, json: { code: 'MISSING_BOUNDARY' } })
  })

  it('refuses a form that ends before its closing boundary with 400', async () => {
    const { url } = await start()
    const reply = await post(url, formBody([filePart('a', 'a.bin', bytes(6 * MB))], ''))
    expect(reply).toMatchObject({ status: 400, json: { code: 'TRUNCATED_BODY' } })
    expectNothingLeft(s3)
  })

  it.each([
    ['small', 10],
    ['multipart', 11 * MB],
  ])('stores a %s file exactly at the limit and refuses one byte more with 413', async (_, limit) => {
    const { url } = await start({ maxFileSize: limit, prefix: `${limit}/` })
    const before = formBody([filePart('a', 'a.txt', 'fine'), filePart('b', 'b.bin', bytes(limit))])
    expect((await post(url, before)).status).toBe(201)
    expect(s3.objects(BUCKET)).toHaveLength(2)
    s3.reset()

    const reply = await post(
      url,
      formBody([filePart('a', 'a.txt', 'fine'), filePart('b', 'b.bin', bytes(limit + 1))]),
    )
    expect(reply).toMatchObject({
      status: 413,
      json: { code: 'FILE_TOO_LARGE', field: 'b', filename: 'b.bin', limit },
    })
    expectNothingLeft(s3)
  })

  it('refuses a request whose declared length is over the limits with 413, before it reads the body', async () => {
    const { url } = await start({ maxFileSize: '1MB', maxFiles: 1, maxFields: 0 })
    const client = open(url, { 'content-type': FORM_TYPE, 'content-length': `${100 * MB}` })
    client.flushHeaders()
    const reply = await replyTo(client)
    expect(reply).toMatchObject({ status: 413, json: { code: 'REQUEST_TOO_LARGE', limit: MB } })
    expect(reply.json.detail).toContain('1 MB')
    client.destroy()
  })

  it('refuses files that are too large in total with 413', async () => {
    const { url } = await start({ maxTotalSize: 10 })
    const reply = await post(url, formBody([filePart('a', 'a', '123456'), filePart('b', 'b', '12345')]))
    expect(reply).toMatchObject({ status: 413, json: { code: 'TOTAL_TOO_LARGE', limit: 10 } })
    expectNothingLeft(s3)
  })

  it('refuses too many files with 413', async () => {
    const { url } = await start({ maxFiles: 2 })
    const three = ['a', 'b', 'c'].map(name => filePart(name, `${name}.txt`, name))
    expect((await post(url, formBody(three.slice(1)))).status).toBe(201)
    s3.reset()
    const reply = await post(url, formBody(three))
    expect(reply).toMatchObject({ status: 413, json: { code: 'TOO_MANY_FILES', field: 'c', limit: 2 } })
    expectNothingLeft(s3)
  })

  it('refuses a file whose type is not accepted with 415', async () => {
    const { url } = await start({ accept: ['image/*', 'application/pdf'] })
    const reply = await post(
      url,
      formBody([filePart('a', 'a.png', PNG, 'image/png'), filePart('b', 'b.html', 'h', 'text/html')]),
    )
    expect(reply).toMatchObject({
      status: 415,
      json: {
        code: 'TYPE_NOT_ACCEPTED',
        detail: 'b.html is text/html, which is not accepted. Accepted types: image/*, application/pdf.',
        allowed: ['image/*', 'application/pdf'],
      },
    })
    expectNothingLeft(s3)
  })

  it('responds with 502 when S3 refuses a file, hides the reason, and leaves nothing', async () => {
    const seen: unknown[] = []
    const { url } = await start({ onError: error => seen.push(error) })
    s3.fault(({ operation, n }) =>
      operation === 'PutObject' && n === 2 ? { status: 403, code: 'AccessDenied' } : undefined,
    )
    const reply = await post(
      url,
      formBody([filePart('a', 'a', 'a'), filePart('b', 'b', 'b'), filePart('c', 'c', 'c')]),
    )
    expect(reply.status).toBe(502)
    expect(reply.json).toEqual({
      type: 'about:blank',
      title: 'Storage failed',
      status: 502,
      code: 'STORAGE_FAILED',
    })
    expect(seen).toMatchObject([{ code: 'STORAGE_FAILED', cause: { name: 'AccessDenied' }, leftovers: [] }])
    expectNothingLeft(s3)
  })

  describe('if other code has responded', () => {
    const form = formBody([filePart('a', 'a', 'small'), filePart('b', 'b', bytes(6 * MB))])
    const head = (headers = {}) => requestHead(nextId(), { 'Content-Length': form.length, ...headers })

    /** A middleware in front of the upload responds with 503 when the promise resolves. */
    async function startWithTimeout(until: Promise<unknown>, options: Partial<S3UploadOptions> = {}) {
      const failures = new EventEmitter()
      const failed = once(failures, 'failure')
      const route = await start({ onError: error => failures.emit('failure', error), ...options })
      wrapRequests(route.server, (handler, request, response) => {
        until.then(() => response.writeHead(503).end('timeout'))
        handler(request, response)
      })
      return { ...openWire(route.url), failed, ...route }
    }

    it('stores nothing, and does not call validate', async () => {
      const hooks = new EventEmitter()
      let validated = 0
      const { socket, received, failed } = await startWithTimeout(once(hooks, 'key'), {
        key: ({ field }) => {
          hooks.emit('key')
          return field
        },
        validate: () => validated++,
      })
      socket.write(head())
      socket.write(form.subarray(0, -100))
      await once(socket, 'data')
      socket.write(form.subarray(-100))
      expect(await failed).toMatchObject([{ code: 'ALREADY_ANSWERED', status: 500, leftovers: [] }])
      socket.end()
      expect((await received).toString()).toMatch(
        /^HTTP\/1\.1 503 .*timeout\r\n0\r\n\r\n$|^HTTP\/1\.1 503 .*timeout$/s,
      )
      expect(validated).toBe(0)
      expectNothingLeft(s3)
    })

    it('stores nothing if that happens while validate runs', async () => {
      const hooks = new EventEmitter()
      const { socket, received, failed } = await startWithTimeout(once(hooks, 'validate'), {
        validate: async () => {
          hooks.emit('validate')
          await once(socket, 'data')
        },
      })
      socket.write(Buffer.concat([Buffer.from(head()), form]))
      expect(await failed).toMatchObject([{ code: 'ALREADY_ANSWERED' }])
      socket.end()
      await received
      expectNothingLeft(s3)
    })

    it.each(['keep-alive', 'close'])(
      'stores nothing if that happens during the commit: Connection: %s',
      async connection => {
        const release = hold(s3, 'CompleteMultipartUpload')
        const committing = until(() =>
          s3.requests.some(({ operation }) => operation === 'CompleteMultipartUpload'),
        )
        const { socket, received, failed } = await startWithTimeout(committing)
        socket.write(Buffer.concat([Buffer.from(head({ Connection: connection })), form]))
        await once(socket, 'data')
        release()
        expect(await failed).toMatchObject([{ code: 'ALREADY_ANSWERED', leftovers: [] }])
        socket.end()
        await received
        expectNothingLeft(s3)
      },
    )
  })

  it('leaves nothing when the client disconnects in the middle of a file', async () => {
    const failures = new EventEmitter()
    const failed = once(failures, 'failure')
    const { url } = await start({ onError: error => failures.emit('failure', error) })
    const client = open(url, { 'content-type': FORM_TYPE, 'transfer-encoding': 'chunked' })
    client.write(formBody([filePart('a', 'a', 'small'), filePart('b', 'b', bytes(7 * MB))], ''))
    await partStored()
    client.destroy()
    expect(await failed).toMatchObject([{ code: 'ABORTED', status: 499 }])
    expectNothingLeft(s3)
    expect((await post(url, formBody([filePart('a', 'a', 'a')]))).status).toBe(201)
  })

  it('passes the request and the fields before the file to hooks', async () => {
    const { url } = await start({
      key: ({ filename }, { fields, request }) => `${request.headers['x-user']}/${fields.album}/${filename}`,
      params: ({ field }) => ({ Metadata: { field }, CacheControl: 'no-store', ContentType: 'text/x-test' }),
    })
    const form = formBody([{ name: 'album', body: 'summer' }, filePart('photo', 'ü 1.txt', 'x')])
    const reply = await post(url, form, { 'x-user': 'ada' })
    expect(reply.json.files[0].key).toBe('ada/summer/ü 1.txt')
    expect(s3.objects(BUCKET)).toMatchObject([
      {
        key: 'ada/summer/ü 1.txt',
        type: 'text/x-test',
        metadata: { field: 'photo' },
        headers: { 'cache-control': 'no-store' },
      },
    ])
  })

  it('runs every hook in the AsyncLocalStorage context of its caller, also if the body arrives late', async () => {
    const tenant = new AsyncLocalStorage<string>()
    const seen = new Map<string, Set<string | undefined>>()
    const note = (hook: string, { headers }: IncomingRequest) => {
      const name = `${hook} of ${headers['x-tenant']}`
      seen.set(name, (seen.get(name) ?? new Set()).add(tenant.getStore()))
    }
    // Uploads wait for each other: a permit or a buffer that one releases wakes up another.
    const { url, server } = await start({
      memoryBudget: '10MB',
      maxS3Requests: 1,
      key: async ({ field }, { request }) => {
        note('key', request)
        return `${request.headers['x-tenant']}/${field}`
      },
      params: (_, { request }) => {
        note('params', request)
        return {}
      },
      onProgress: ({ stored }, { request }) => note(stored > 0 ? 'stored' : 'received', request),
      validate: (_, { request }) => {
        note('validate', request)
        if (request.headers['x-tenant'] === 'refused') throw new Error('no')
      },
      onFile: (_, { request }) => note('onFile', request),
      async onStored(_, { request }) {
        await new Promise(resolve => setImmediate(resolve))
        note('onStored', request)
      },
      onError: (_, { request }) => note('onError', request),
    })
    wrapRequests(server, (handler, request, response) =>
      tenant.run(`${request.headers['x-tenant']}`, handler, request, response),
    )
    const form = formBody([filePart('large', 'l', bytes(11 * MB)), filePart('small', 's', 'small')])
    const send = async (name: string) => {
      const headers = { 'content-type': FORM_TYPE, 'content-length': `${form.length}`, 'x-tenant': name }
      const client = open(url, headers)
      const arrived = once(server, 'request')
      client.flushHeaders()
      await arrived
      client.end(form)
      return (await replyTo(client)).status
    }
    expect(await Promise.all(['a', 'b', 'refused'].map(send))).toEqual([201, 201, 422])
    const hooks = ['onFile', 'key', 'params', 'received', 'stored', 'validate']
    const expected = ['a', 'b', 'refused'].flatMap(name => hooks.map(hook => [`${hook} of ${name}`, name]))
    expected.push(...['a', 'b'].map(name => [`onStored of ${name}`, name]))
    expected.push(['onError of refused', 'refused'])
    expect(Object.fromEntries([...seen].map(([name, stores]) => [name, [...stores].join()]))).toEqual(
      Object.fromEntries(expected),
    )
  })

  it('responds with the status and the message of an error that a hook throws, and stores nothing', async () => {
    const { url } = await start({
      key: async ({ field }) => {
        if (field === 'b') throw Object.assign(new Error('not yours'), { status: 403 })
        return field
      },
    })
    const reply = await post(url, formBody([filePart('a', 'a', 'a'), filePart('b', 'b', bytes(6 * MB))]))
    expect(reply.status).toBe(403)
    expect(reply.json).toEqual({ type: 'about:blank', title: 'Forbidden', status: 403, detail: 'not yours' })
    expectNothingLeft(s3)
  })

  it('responds with 500 to a bug in a hook, without its message, and stores nothing', async () => {
    const { url } = await start({
      onError() {},
      params: ({ field }) => {
        if (field === 'b') throw new TypeError('x is not a function')
        return {}
      },
    })
    const reply = await post(url, formBody([filePart('a', 'a', 'a'), filePart('b', 'b', bytes(6 * MB))]))
    expect(reply.status).toBe(500)
    expect(reply.json).toEqual({
      type: 'about:blank',
      title: 'Hook failed',
      status: 500,
      code: 'HOOK_FAILED',
    })
    expectNothingLeft(s3)
  })

  it('tells the developer that other code has already read the body', async () => {
    const inner = await start()
    // The handler of the route runs after the body has been read, as behind a body parser.
    const [handler] = inner.server.listeners('request') as [(q: IncomingMessage, s: ServerResponse) => void]
    const outer = createServer(async (request, response) => {
      await once(request.resume(), 'end')
      handler(request, response)
    }).listen(0, '127.0.0.1')
    await once(outer, 'listening')
    const { port } = outer.address() as { port: number }
    const reply = await post(`http://127.0.0.1:${port}/`, formBody([filePart('a', 'a', 'a')]))
    outer.close()
    expect(reply).toMatchObject({ status: 500, json: { code: 'BODY_ALREADY_READ' } })
    expect(reply.json.detail).toMatch(/already been read.*before body parsers/)
  })

  describe('stores a form that other code', () => {
    const film = bytes(12 * MB)
    const form = formBody([filePart('small', 's', 'small'), filePart('film', 'f', film)])

    it.each<[string, (request: IncomingMessage, next: () => void) => void]>([
      [
        'has paused and resumed',
        (request, next) => {
          request.pause()
          setImmediate(() => {
            request.resume()
            next()
          })
        },
      ],
      [
        'counts with a data listener',
        (request, next) => {
          let counted = 0
          request.on('data', chunk => (counted += chunk.length))
          request.on('end', () => expect(counted).toBe(form.length))
          next()
        },
      ],
      [
        'has read and kept in rawBody',
        async (request, next) => {
          const rawBody = Buffer.concat(await request.toArray())
          Object.assign(request, { rawBody })
          next()
        },
      ],
    ])('%s', async (_, prepare) => {
      // Memory for one S3 part: the upload must hold the client back, whatever the other code does.
      const { url, server } = await start({ memoryBudget: '5MB', key: ({ field }) => field })
      wrapRequests(server, (handler, request, response) => {
        prepare(request, () => handler(request, response))
      })
      expect((await post(url, form)).status).toBe(201)
      const [stored, small] = s3.objects(BUCKET).sort((a, b) => b.size - a.size)
      expect(sha256(stored?.body ?? Buffer.alloc(0))).toBe(sha256(film))
      expect(small?.body.toString()).toBe('small')
    })
  })

  it('refuses a form that other code keeps reading at its own pace', async () => {
    const { url, server } = await start({ concurrency: 1 })
    const release = hold(s3, 'UploadPart')
    wrapRequests(server, (handler, request, response) => {
      // As request.pipe() does when its destination has drained.
      request.on('pause', () => setImmediate(() => request.resume()))
      handler(request, response)
    })
    const reply = await post(url, formBody([filePart('film', 'f', bytes(40 * MB))]))
    release()
    expect(reply).toMatchObject({ status: 500, json: { code: 'BODY_ALREADY_READ' } })
    expectNothingLeft(s3)
  })

  describe('a form in rawBody', () => {
    /** A platform that reads every body before the application, as Cloud Functions do. */
    async function startBehindPlatform(options: Partial<S3UploadOptions>, beforeHandler = async () => {}) {
      const route = await start(options)
      wrapRequests(route.server, async (handler, request, response) => {
        const rawBody = Buffer.concat(await request.toArray())
        Object.assign(request, { rawBody })
        await beforeHandler()
        handler(request, response)
      })
      return route
    }

    it('has the same limits, and keeps the connection open', async () => {
      const { url } = await startBehindPlatform({ maxFileSize: 10 })
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      const statuses: unknown[] = []
      for (const size of [11, 10, 1]) {
        const form = formBody([filePart('a', 'a', bytes(size))])
        const client = open(url, { 'content-type': FORM_TYPE, 'content-length': `${form.length}` }, agent)
        client.end(form)
        const { status, headers } = await replyTo(client)
        statuses.push([status, headers.connection])
      }
      agent.destroy()
      expect(statuses).toEqual([
        [413, 'keep-alive'],
        [201, 'keep-alive'],
        [201, 'keep-alive'],
      ])
      expect(
        s3
          .objects(BUCKET)
          .map(({ size }) => size)
          .sort(),
      ).toEqual([1, 10])
    })

    it('is not stored if its client has disconnected by then', async () => {
      const events = new EventEmitter()
      const failed = once(events, 'failure')
      const route = await startBehindPlatform(
        { onError: error => events.emit('failure', error) },
        async () => {
          socket.resetAndDestroy()
          await closed
        },
      )
      const closed = once(route.server, 'connection').then(([socket]) => closeOf(socket))
      const { socket } = openWire(route.url)
      const form = formBody([filePart('a', 'a', 'a')])
      socket.write(
        Buffer.concat([Buffer.from(requestHead(nextId(), { 'Content-Length': form.length })), form]),
      )
      expect(await failed).toMatchObject([{ code: 'ABORTED' }])
      expectNothingLeft(s3)
    })
  })

  it('responds while the client still sends, drops the rest, and closes the connection', async () => {
    const { url } = await start({ maxFileSize: 10 })
    const body = formBody([filePart('a', 'a', bytes(2 * MB))])
    const client = open(url, { 'content-type': FORM_TYPE, 'content-length': `${body.length}` })
    client.write(body.subarray(0, MB))
    const [response] = (await once(client, 'response')) as [IncomingMessage]
    expect(response.statusCode).toBe(413)
    expect(response.headers.connection).toBe('close')
    const problem = Buffer.concat(await response.take(1).toArray())
    expect(JSON.parse(problem.toString())).toMatchObject({ code: 'FILE_TOO_LARGE' })
    const closed = once(client, 'close')
    client.end(body.subarray(MB))
    await closed
    expectNothingLeft(s3)
  })

  it('responds behind compression() while the client still sends, and keeps Cache-Control', async () => {
    const { url, server } = await start({ maxFileSize: 10 })
    const compress = compression({ threshold: 0 }) as unknown as (...parameters: unknown[]) => void
    wrapRequests(server, (handler, request, response) => {
      response.setHeader('Cache-Control', 'no-store')
      compress(request, response, () => handler(request, response))
    })
    const headers = { 'content-type': FORM_TYPE, 'accept-encoding': 'gzip' }
    const form = formBody([filePart('a', 'a', 'a')])
    const stored = await fetch(url, { method: 'POST', body: form, headers })
    expect(stored.headers.get('content-encoding')).toBe('gzip')
    expect(stored.headers.get('cache-control')).toBe('no-store')
    expect(await stored.json()).toMatchObject({ files: [{ size: 1 }] })
    const client = open(url, { ...headers, 'content-length': `${2 * MB}` })
    client.write(formBody([filePart('a', 'a', bytes(MB))]))
    const [response] = (await once(client, 'response')) as [IncomingMessage]
    expect(response).toMatchObject({
      statusCode: 413,
      headers: { 'cache-control': 'no-store, no-transform' },
    })
    const problem = Buffer.concat(await response.take(1).toArray())
    expect(JSON.parse(problem.toString())).toMatchObject({ code: 'FILE_TOO_LARGE' })
    client.destroy()
  })

  async function partStored(): Promise<void> {
    while (!s3.uploads(BUCKET).some(({ parts }) => parts.length > 0)) {
      await new Promise(resolve => setImmediate(resolve))
    }
  }
})

describe.each(routes.filter(({ hasNext }) => hasNext))('$name', (kind: RouteKind) => {
  async function start(options: Partial<S3UploadOptions> = {}): Promise<RunningRoute> {
    const route = await kind.open({ bucket: BUCKET, client: s3.oneTry, onError: () => {}, ...options })
    running.push(route)
    return route
  }

  it.each(['GET', 'HEAD', 'DELETE', 'OPTIONS'])('passes a %s request on unchanged', async method => {
    const { url } = await start()
    const response = await fetch(url, { method })
    expect(response.status).toBe(200)
    if (method !== 'HEAD') expect(await response.json()).toEqual({ passedOn: null })
  })

  it.each(['POST', 'PUT', 'PATCH'])('accepts uploads with %s', async method => {
    const { url } = await start()
    const form = new FormData()
    form.append('f', new Blob(['x']), 'x.txt')
    expect((await fetch(url, { method, body: form })).status).toBe(201)
  })

  it('passes the result on with respond: false', async () => {
    const { url } = await start({ respond: false })
    const reply = await post(url, formBody([{ name: 'a', body: 'b' }, filePart('f', 'x.txt', 'x')]))
    expect(reply).toMatchObject({
      status: 200,
      json: { passedOn: { fields: { a: 'b' }, files: [{ field: 'f', size: 1 }] } },
    })
  })

  it('passes the error on with respond: false', async () => {
    const { url, errors } = await start({ respond: false, maxFileSize: 1 })
    const reply = await post(url, formBody([filePart('f', 'x.txt', 'xx')]))
    expect(reply).toMatchObject({ status: 413, json: { handler: 'FILE_TOO_LARGE' } })
    expect(errors).toMatchObject([
      { name: 'UploadError', code: 'FILE_TOO_LARGE', statusCode: 413, expose: true },
    ])
    expectNothingLeft(s3)
  })
})

describe.each(routes.filter(({ hasNext }) => !hasNext))('$name', (kind: RouteKind) => {
  it('responds to other methods with 405 and the allowed methods', async () => {
    const route = await kind.open({ bucket: BUCKET, client: s3.client })
    running.push(route)
    const response = await fetch(route.url)
    expect(response.status).toBe(405)
    expect(response.headers.get('allow')).toBe('POST, PUT, PATCH')
    expect(await response.json()).toMatchObject({
      code: 'METHOD_NOT_ALLOWED',
      allowed: ['POST', 'PUT', 'PATCH'],
    })
  })
})
