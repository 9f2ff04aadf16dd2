import { once } from 'node:events'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import * as http2 from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import express5 from 'express'
import express4 from 'express4'
import Koa3 from 'koa'
import Koa2 from 'koa2'
import { streamToS3, UploadError } from 's3-upstream'
import { s3Upload as expressUpload } from 's3-upstream/express'
import { s3Upload as httpUpload } from 's3-upstream/http'
import { s3Upload as koaUpload } from 's3-upstream/koa'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { S3UploadOptions } from '../../src/options/options.ts'
import { nextId, onlyReply, openWire, requestHead } from '../hostile/wire.ts'
import { bytes, MB } from '../support/bytes.ts'
import { filePart, formBody } from '../support/form-body.ts'
import { incoming } from '../support/incoming.ts'
import { listen, useRunningRoutes } from '../support/routes.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'

const s3 = await useStorage()
const running = useRunningRoutes()

type Options = Omit<S3UploadOptions, 'bucket' | 'client'>
type Errors = unknown[]

interface Kind {
  name: string
  /** True if the error reaches code of the application or of its framework. */
  passesOn: boolean
  handler(options: Options, errors: Errors): RequestListener
}

const withStorage = (options: Options) => ({ bucket: BUCKET, client: s3.oneTry, onError() {}, ...options })

function express(version: typeof express5, options: Options, onError?: express5.ErrorRequestHandler) {
  const app = version()
  // Express's default handler prints the error otherwise.
  app.set('env', 'test')
  app.use(expressUpload(withStorage(options)), (request, response) => void response.json(request.upload))
  if (onError) app.use(onError)
  return app as unknown as RequestListener
}

function koa(Koa: typeof Koa3, options: Options, onError?: Koa3.Middleware) {
  const app = new Koa()
  app.silent = true
  if (onError) app.use(onError)
  app.use(koaUpload(withStorage(options)))
  app.use(ctx => {
    ctx.body = ctx.state.upload
  })
  return app.callback() as unknown as RequestListener
}

const statusOf = (error: unknown) => (error instanceof UploadError ? error.status : 500)

/** Every way in which a refused form gets its response. */
const kinds: Kind[] = (
  [
    ['Express 4', express4],
    ['Express 5', express5],
  ] as [string, typeof express5][]
)
  .flatMap(([name, version]): Kind[] => [
    { name, passesOn: false, handler: options => express(version, options) },
    {
      name: `${name}, respond: false, its default error handler`,
      passesOn: true,
      handler: options => express(version, { ...options, respond: false }),
    },
    {
      name: `${name}, respond: false, its default error handler after an asynchronous one`,
      passesOn: true,
      handler: (options, errors) =>
        express(version, { ...options, respond: false }, async (error, _request, _response, next) => {
          errors.push(error)
          await new Promise(resolve => setImmediate(resolve))
          next(error)
        }),
    },
    {
      name: `${name}, respond: false`,
      passesOn: true,
      handler: (options, errors) =>
        express(version, { ...options, respond: false }, (error, _request, response, _next) => {
          errors.push(error)
          response.status(statusOf(error)).json({ handler: true })
        }),
    },
    {
      name: `${name}, a bug in a hook, its default error handler`,
      passesOn: true,
      handler: options => express(version, { ...options, key: bug }),
    },
  ])
  .concat(
    (
      [
        ['Koa 2', Koa2 as unknown as typeof Koa3],
        ['Koa 3', Koa3],
      ] as [string, typeof Koa3][]
    ).flatMap(([name, Koa]): Kind[] => [
      { name, passesOn: false, handler: options => koa(Koa, options) },
      {
        name: `${name}, respond: false, its default error handler`,
        passesOn: true,
        handler: options => koa(Koa, { ...options, respond: false }),
      },
      {
        name: `${name}, respond: false`,
        passesOn: true,
        handler: (options, errors) =>
          koa(Koa, { ...options, respond: false }, async (ctx, next) => {
            try {
              await next()
            } catch (error) {
              errors.push(error)
              ctx.status = statusOf(error)
              ctx.body = { handler: true }
            }
          }),
      },
      {
        name: `${name}, a bug in a hook, its default error handler`,
        passesOn: true,
        handler: options => koa(Koa, { ...options, key: bug }),
      },
    ]),
    [
      {
        name: 'node:http',
        passesOn: false,
        handler: options => httpUpload({ ...withStorage(options), respond: true }),
      },
      {
        name: 'streamToS3() with its response',
        passesOn: true,
        handler: (options, errors) => streaming(options, errors, response => ({ response })),
      },
    ],
  )

function bug(): never {
  throw new TypeError('x is not a function')
}

function streaming(
  { respond: _, ...options }: Options,
  errors: Errors,
  extra: (response: ServerResponse) => { response?: ServerResponse },
): RequestListener {
  return async (request, response) => {
    try {
      const result = await streamToS3(request, { ...withStorage(options), ...extra(response) } as never)
      response.end(JSON.stringify(result))
    } catch (error) {
      errors.push(error)
      response.statusCode = statusOf(error)
      response.end('refused')
    }
  }
}

async function start({ handler }: Kind, options: Options = {}) {
  const limits = { maxFileSize: 10, maxTotalSize: '1GB', ...options } as const
  const route = await listen(errors => handler(limits, errors))
  running.push(route)
  return route
}

/** A file of 2 MB, of which the client sends one half now. */
const LARGE = formBody([filePart('a', 'a', bytes(2 * MB))])
const GOOD = formBody([filePart('a', 'a', 'good')])

function requestOf(body: Buffer, headers: Record<string, string> = {}): Buffer {
  return Buffer.concat([
    Buffer.from(requestHead(nextId(), { 'Content-Length': body.length, ...headers })),
    body,
  ])
}

const isRefusal = (status: number) => status === 413 || status === 500

describe.each(kinds)('$name', kind => {
  it('responds while the client still sends, and closes the connection afterwards', async () => {
    const { url } = await start(kind)
    const { socket, received } = openWire(url)
    const request = requestOf(LARGE)
    socket.write(request.subarray(0, MB))
    await once(socket, 'data')
    // Without a word more of the client, the connection is still open for its rest.
    socket.write(request.subarray(MB))
    const reply = onlyReply(await received)
    expect(isRefusal(reply.status)).toBe(true)
    expect(reply.headers.connection).toBe('close')
    expectNothingLeft(s3)
  })

  it('responds to a client that sends nothing more', async () => {
    const { url } = await start(kind, { drainTimeout: 300 })
    const { socket, received } = openWire(url)
    socket.write(requestOf(LARGE).subarray(0, MB))
    const reply = onlyReply(await received)
    expect(isRefusal(reply.status)).toBe(true)
    expect(reply.headers.connection).toBe('close')
  })

  it('reads no more than maxDrainSize, and then closes the connection', async () => {
    const { url, server } = await start(kind, { maxDrainSize: '1MB' })
    const connection = once(server, 'connection') as Promise<[Socket]>
    const { socket, received } = openWire(url)
    const [serverSide] = await connection
    const closed = new Promise<number>(resolve => {
      serverSide.once('close', () => resolve(serverSide.bytesRead))
    })
    const huge = formBody([filePart('a', 'a', Buffer.alloc(64 * MB))])
    socket.write(requestOf(huge))
    expect(await closed).toBeLessThan(4 * MB)
    expect((await received).toString()).toMatch(/^HTTP\/1\.1 (413|500) .*\r\nConnection: close\r\n/is)
  })

  it('keeps the connection of a refused form that it has read', async () => {
    const { url } = await start(kind)
    const { socket, received } = openWire(url)
    const form = formBody([filePart('a', 'a', 'more than ten bytes')])
    socket.write(requestOf(form))
    const [first] = await once(socket, 'data')
    expect(`${first}`).toMatch(/^HTTP\/1\.1 (413|500) /)
    expect(`${first}`).not.toMatch(/\r\nConnection: close\r\n/i)
    socket.write(requestOf(GOOD, { Connection: 'close' }))
    expect((await received).toString().match(/HTTP\/1\.1 \d/g)).toHaveLength(2)
  })

  it('stores no form that follows a refused one on a connection that closes', async () => {
    const { url } = await start(kind)
    const { socket, received } = openWire(url)
    const request = requestOf(LARGE)
    socket.write(request.subarray(0, MB))
    await once(socket, 'data')
    socket.write(Buffer.concat([request.subarray(MB), requestOf(GOOD), requestOf(GOOD)]))
    expect(isRefusal(onlyReply(await received).status)).toBe(true)
    expectNothingLeft(s3)
  })

  if (kind.passesOn) {
    it('closes the connection although the error takes no headers', async () => {
      const error = Object.assign(new Error('no'), { status: 413 })
      Object.defineProperty(error, 'headers', { value: {} })
      const { url, errors } = await start(kind, {
        maxFileSize: '1GB',
        key: () => {
          throw error
        },
      })
      const { socket, received } = openWire(url)
      socket.write(requestOf(LARGE).subarray(0, MB))
      const [first] = await once(socket, 'data')
      socket.end()
      expect(`${first}`).toMatch(/\r\nConnection: close\r\n/i)
      await received
      for (const error of errors) expect(error).toHaveProperty('headers', {})
    })
  }
})

describe('streamToS3()', () => {
  const withoutResponse: Kind = {
    name: '',
    passesOn: true,
    handler: (options, errors) => streaming(options, errors, () => ({})),
  }

  it.each([
    ['an UploadError', { maxFileSize: 10 }, { Connection: 'close' }],
    [
      'an error of a hook, whose own headers stay',
      {
        maxFileSize: '1GB',
        key: () => {
          throw Object.assign(new Error('no'), { status: 403, headers: { 'X-Own': 'y' } })
        },
      },
      { 'X-Own': 'y', Connection: 'close' },
    ],
  ] as [string, Options, object][])('adds Connection: close to %s', async (_, options, headers) => {
    const { url, errors } = await start(withoutResponse, options)
    const { socket, received } = openWire(url)
    socket.write(requestOf(LARGE).subarray(0, MB))
    await once(socket, 'data')
    socket.destroy()
    await received
    expect(errors).toMatchObject([{ headers }])
  })

  it('adds no header to the error of a form that it has read', async () => {
    const { url, errors } = await start(withoutResponse)
    const { socket, received } = openWire(url)
    socket.write(requestOf(formBody([filePart('a', 'a', bytes(20))]), { Connection: 'close' }))
    await received
    expect(errors).toMatchObject([{ code: 'FILE_TOO_LARGE', headers: {} }])
  })

  it('stores nothing if other code has ended the response', async () => {
    const codes: unknown[] = []
    const route = await listen(() => async (request, response) => {
      const validate = () => void response.writeHead(503).end('timeout')
      const options = { bucket: BUCKET, client: s3.oneTry, validate, response }
      await streamToS3(request, options).catch(error => codes.push(error.code))
    })
    running.push(route)
    const { socket, received } = openWire(route.url)
    socket.write(requestOf(GOOD, { Connection: 'close' }))
    expect((await received).toString()).toMatch(/^HTTP\/1\.1 503 /)
    expect(codes).toEqual(['ALREADY_ANSWERED'])
    expectNothingLeft(s3)
  })

  it('closes a connection whose response has started before the refusal, when the rest is drained', async () => {
    const options = { bucket: BUCKET, client: s3.oneTry, maxFileSize: 10, maxDrainSize: 10 }
    const route = await listen(() => async (request, response) => {
      response.write('progress')
      await streamToS3(request, { ...options, response }).catch(() => response.end('refused'))
    })
    running.push(route)
    const { socket, received } = openWire(route.url)
    socket.write(requestOf(LARGE).subarray(0, MB))
    expect((await received).toString()).toMatch(/^HTTP\/1\.1 200 .*progress.*refused/s)
  })

  it('rejects a response that is none', () => {
    const request = incoming([]) as IncomingMessage
    const options = { bucket: BUCKET, response: {} as ServerResponse }
    expect(() => streamToS3(request, options)).toThrow(
      new TypeError('response must be a ServerResponse, such as res in Express or ctx.res in Koa; it is {}.'),
    )
    expect(() => httpUpload(options as never)).toThrow(/Unknown option 'response'/)
  })

  it('takes an undefined response for none', async () => {
    const route = await listen(() => async (request, response) => {
      const { files } = await streamToS3(request, { bucket: BUCKET, client: s3.oneTry, response: undefined })
      response.end(`${files.length}`)
    })
    running.push(route)
    const { socket, received } = openWire(route.url)
    socket.write(requestOf(GOOD, { Connection: 'close' }))
    expect(onlyReply(await received)).toMatchObject({ status: 200, text: '1' })
  })
})

describe('Expect: 100-continue', () => {
  it.each(kinds)('$name closes the connection of a client that was refused without it', async kind => {
    const { url, server } = await start(kind, { maxTotalSize: '1MB' })
    const [handler] = server.listeners('request') as [RequestListener]
    server.on('checkContinue', handler)
    const { socket, received } = openWire(url)
    socket.write(requestHead(nextId(), { 'Content-Length': 100 * MB, Expect: '100-continue' }))
    const reply = onlyReply(await received)
    expect(reply).toMatchObject({ status: 413, headers: { connection: 'close' } })
  })
})

describe('HTTP/2', () => {
  const modern = kinds.filter(({ name }) => !name.startsWith('Express'))

  it.each(modern)('$name responds while the client still sends, without a Connection header', async kind => {
    const options = { maxFileSize: 10, maxTotalSize: '1GB' } as const
    const handler = kind.handler(options, []) as unknown as (...parameters: unknown[]) => void
    const server = http2.createServer(handler).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    onTestFinished(() => {
      session.destroy()
      server.close()
    })
    const type = requestHead('', {}).match(/Content-Type: (.*)\r/)?.[1]
    const stream = session.request({ ':method': 'POST', ':path': '/', 'content-type': type })
    stream.on('error', () => {})
    stream.write(LARGE.subarray(0, MB))
    const [headers] = await once(stream, 'response')
    expect(isRefusal(headers[':status'])).toBe(true)
    expect(headers.connection).toBeUndefined()
    stream.end(LARGE.subarray(MB))
    stream.resume()
    await once(stream, 'close')
    // The connection still serves other streams.
    const next = session.request({ ':method': 'POST', ':path': '/', 'content-type': type })
    next.end(GOOD)
    const [nextHeaders] = await once(next, 'response')
    expect(nextHeaders[':status']).toBeGreaterThanOrEqual(200)
    next.resume()
    await once(next, 'close')
  })
})
