import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import * as http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import type { Readable } from 'node:stream'
import { gunzipSync } from 'node:zlib'
import compression from 'compression'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { type EndRules, guardEnd } from '../../src/http/response-end.ts'
import { openWire } from '../hostile/wire.ts'
import { MB } from '../support/bytes.ts'

/** More than the buffers of a connection hold. */
const LARGE = 'x'.repeat(32 * MB)
/** A quarter of it is a delay that no other timer has. */
const IDLE_TIMEOUT = 804

type Handler = (response: ServerResponse, request: IncomingMessage) => void

/** Starts a server for one protocol. `get()` resolves with a response that nobody has read yet. */
const protocols = [
  {
    name: 'HTTP/1',
    async start(handler: Handler, headers: Record<string, string> = {}) {
      const server = createServer((request, response) => handler(response, request)).listen(0, '127.0.0.1')
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      onTestFinished(() => {
        agent.destroy()
        server.close()
        server.closeAllConnections()
      })
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const get = async (): Promise<Readable> => {
        const client = request({ port, host: '127.0.0.1', agent, headers }).end()
        const [response] = (await once(client, 'response')) as [IncomingMessage]
        return response
      }
      return get
    },
  },
  {
    name: 'HTTP/2',
    async start(handler: Handler) {
      const server = http2.createServer()
      server.on('request', (request, response) => {
        handler(response as unknown as ServerResponse, request as unknown as IncomingMessage)
      })
      server.listen(0, '127.0.0.1')
      await once(server, 'listening')
      const session = http2.connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
      onTestFinished(() => {
        session.destroy()
        server.close()
      })
      const get = async (): Promise<Readable> => {
        const stream = session.request({ ':path': '/' }).on('error', () => {})
        await once(stream, 'response')
        return stream
      }
      return get
    },
  },
]

function withResolvers<Value>() {
  let resolve: (value: Value) => void = () => {}
  const promise = new Promise<Value>(onResolve => {
    resolve = onResolve
  })
  return { promise, resolve }
}

const textOf = async (stream: Readable) => Buffer.concat(await stream.toArray()).toString()

describe.each(protocols)('$name', ({ name, start }) => {
  it('cuts off a client that does not read its response for idleTimeout', async () => {
    const closed = withResolvers<boolean>()
    const get = await start(response => {
      guardEnd(response, { idleTimeout: IDLE_TIMEOUT })
      response.on('close', () => closed.resolve(response.writableFinished))
      response.end(LARGE)
    })
    const response = await get()
    response.on('error', () => {})
    expect(await closed.promise).toBe(false)
  })

  it('cuts off a client that does not read what other code pipes', async () => {
    const closed = withResolvers<boolean>()
    const get = await start(response => {
      guardEnd(response, { idleTimeout: IDLE_TIMEOUT, length: LARGE.length })
      response.on('close', () => closed.resolve(response.writableFinished))
      response.write(LARGE)
    })
    const response = await get()
    response.on('error', () => {})
    expect(await closed.promise).toBe(false)
  })

  it('keeps the response of a client that reads slowly', async () => {
    const get = await start(response => {
      guardEnd(response, { idleTimeout: IDLE_TIMEOUT })
      response.end(LARGE)
    })
    const response = await get()
    let read = 0
    for await (const chunk of response) {
      const before = Math.floor(read / MB)
      read += (chunk as Buffer).length
      const isSlow = read < 12 * MB && Math.floor(read / MB) > before
      // Longer than idleTimeout in total. Only time can show that the progress counts.
      if (isSlow) await new Promise(resolve => setTimeout(resolve, 100))
    }
    expect(read).toBe(LARGE.length)
  })

  it.each([
    ['a string', `${'ä€😀'.repeat(40_000)}end`],
    ['an odd string whose pieces end inside a character', `x${'😀'.repeat(100_000)}`],
    ['a short string', 'short'],
    ['nothing', ''],
  ])('sends %s unchanged, with its length', async (_, text) => {
    const get = await start(response => {
      guardEnd(response, { idleTimeout: IDLE_TIMEOUT })
      response.end(text)
    })
    const response = (await get()) as IncomingMessage
    if (name === 'HTTP/1') {
      expect(response.headers).toMatchObject({ 'content-length': `${Buffer.byteLength(text)}` })
    }
    expect(await textOf(response)).toBe(text)
  })

  it('sends bytes, and strings in other encodings, unchanged', async () => {
    const bytes = Buffer.alloc(200_000, 'abc')
    const get = await start((response, { headers }) => {
      guardEnd(response, { idleTimeout: IDLE_TIMEOUT })
      if (headers['x-bytes']) response.end(new Uint8Array(bytes))
      else response.end(bytes.toString('base64'), 'base64')
    })
    expect(await textOf(await get())).toBe(bytes.toString())
  })

  it('sends a response at once, and ends it when endAfter resolves', async () => {
    const released = withResolvers<void>()
    const responses: ServerResponse[] = []
    const ended = vi.fn()
    const get = await start(response => {
      responses.push(response)
      guardEnd(response, { idleTimeout: IDLE_TIMEOUT, endAfter: released.promise })
      response.end('stored', ended)
      // As an error handler that does not see that another one has responded.
      response.end('more')
    })
    const response = await get()
    const [first] = await once(response, 'data')
    expect(`${first}`).toBe('stored')
    expect(responses[0]?.writableEnded).toBe(false)
    expect(ended).not.toHaveBeenCalled()
    released.resolve()
    await vi.waitFor(() => expect(ended).toHaveBeenCalledTimes(1))
  })
})

describe('HTTP/1', () => {
  const [http1] = protocols as [(typeof protocols)[0]]

  it.each([
    ['a result', {}, true],
    ['an empty response', { endAfter: new Promise<void>(() => {}) }, false],
  ] as [string, Partial<EndRules>, boolean][])(
    'sends the headers of %s at once',
    async (_, rules, hasBody) => {
      const get = await http1.start(response => {
        guardEnd(response, { idleTimeout: IDLE_TIMEOUT, ...rules })
        response.statusCode = hasBody ? 201 : 413
        response.end(hasBody ? 'body' : undefined)
      })
      const response = (await get()) as IncomingMessage
      expect(response.headers['content-length']).toBe(hasBody ? '4' : '0')
    },
  )

  it('sets no timer for a response that is flushed at once, and leaves none for others', async () => {
    const started = vi.spyOn(globalThis, 'setTimeout')
    onTestFinished(() => started.mockRestore())
    const clocks = () => started.mock.calls.filter(([, delay]) => delay === IDLE_TIMEOUT / 4).length
    let body = 'small'
    const get = await http1.start(response => {
      guardEnd(response, { idleTimeout: IDLE_TIMEOUT, length: body.length })
      response.end(body)
    })
    await textOf(await get())
    expect(clocks()).toBe(0)
    body = LARGE
    const stopped = vi.spyOn(globalThis, 'clearTimeout')
    onTestFinished(() => stopped.mockRestore())
    await textOf(await get())
    expect(clocks()).toBe(1)
    const clock = started.mock.results.find((_, call) => started.mock.calls[call]?.[1] === IDLE_TIMEOUT / 4)
    expect(stopped).toHaveBeenCalledWith(clock?.value)
  })

  it('does not count the time that a response waits for an earlier one of its connection', async () => {
    const earlier: ServerResponse[] = []
    const server = createServer((_, response) => {
      if (earlier.length === 0) return earlier.push(response)
      guardEnd(response, { idleTimeout: 40, length: LARGE.length })
      response.end('second')
      // Only time can show that this time does not count.
      setTimeout(() => earlier[0]?.end('first'), 400)
      return undefined
    }).listen(0, '127.0.0.1')
    onTestFinished(() => void server.close())
    await once(server, 'listening')
    const { socket, received } = openWire(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    expect((await received).toString()).toMatch(/first.*second$/s)
  })

  it('sends a large response behind compression(), without a warning', async () => {
    const warnings: Error[] = []
    const onWarning = (warning: Error) => warnings.push(warning)
    process.on('warning', onWarning)
    onTestFinished(() => void process.off('warning', onWarning))
    const compress = compression() as unknown as (...parameters: unknown[]) => void
    const get = await http1.start(
      (response, request) => {
        compress(request, response, () => {
          guardEnd(response, { idleTimeout: IDLE_TIMEOUT })
          response.setHeader('Content-Type', 'text/plain')
          response.end(LARGE)
        })
      },
      { 'accept-encoding': 'gzip' },
    )
    const response = (await get()) as IncomingMessage
    expect(response.headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(Buffer.concat(await response.toArray())).length).toBe(LARGE.length)
    expect(warnings).toEqual([])
  })
})
