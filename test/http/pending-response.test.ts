import { once } from 'node:events'
import { createServer, request, type ServerResponse } from 'node:http'
import * as http2 from 'node:http2'
import { type AddressInfo, connect, type Server } from 'node:net'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { pendingResponse } from '../../src/http/pending-response.ts'
import { MB } from '../support/bytes.ts'

/** More than the buffers of a connection hold. */
const LARGE = 'x'.repeat(32 * MB)

async function listen(server: Server): Promise<number> {
  onTestFinished(() => void server.close())
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

/** Each sends a request, and resolves with the response that the server must send. */
const protocols = [
  {
    name: 'HTTP/1',
    async start() {
      const server = createServer()
      const port = await listen(server)
      const client = request({ port, host: '127.0.0.1' }).on('error', () => {})
      client.end()
      onTestFinished(() => void client.destroy())
      const [, response] = await once(server, 'request')
      const read = () => client.on('response', message => message.resume())
      return { response: response as ServerResponse, read, leave: () => void client.destroy() }
    },
  },
  {
    name: 'HTTP/2',
    async start() {
      const server = http2.createServer()
      const session = http2.connect(`http://127.0.0.1:${await listen(server)}`).on('error', () => {})
      onTestFinished(() => session.destroy())
      const stream = session.request({ ':path': '/' }).on('error', () => {})
      const [, response] = await once(server, 'request')
      return {
        response: response as ServerResponse,
        read: () => stream.resume(),
        leave: () => session.destroy(),
      }
    },
  },
]

describe.each(protocols)('a pending response over $name', ({ start }) => {
  it('ends when its client has read it', async () => {
    const { response, read } = await start()
    const onEnd = vi.fn()
    pendingResponse(response).onEnd(onEnd)
    response.end(LARGE)
    for (let tick = 0; tick < 50; tick++) await new Promise(resolve => setImmediate(resolve))
    expect(onEnd).not.toHaveBeenCalled()
    read()
    await vi.waitFor(() => expect(onEnd).toHaveBeenCalledTimes(1))
  })

  it('ends when its client disconnects before it has been sent', async () => {
    const { response, leave } = await start()
    const ended = new Promise<void>(resolve => pendingResponse(response).onEnd(resolve))
    leave()
    await ended
  })

  it('has ended if its client has disconnected before', async () => {
    const { response, leave } = await start()
    const closed = once(response, 'close')
    leave()
    await closed
    await new Promise<void>(resolve => pendingResponse(response).onEnd(resolve))
  })
})

describe('the progress of a response', () => {
  it('counts what the client reads, and only the time in which there is something to read', async () => {
    const now = vi.spyOn(performance, 'now')
    onTestFinished(() => now.mockRestore())
    const server = createServer()
    const port = await listen(server)
    const socket = connect(port, '127.0.0.1').pause()
    onTestFinished(() => void socket.destroy())
    socket.write('GET / HTTP/1.1\r\nHost: test\r\n\r\n')
    const [, response] = (await once(server, 'request')) as [unknown, ServerResponse]
    const { progress, cutOff } = pendingResponse(response)

    now.mockReturnValue(1000)
    expect(progress).toMatchObject({ isReading: false, readingTime: 0 })
    response.writeHead(200)
    response.write(LARGE)
    now.mockReturnValue(61_000)
    expect(progress).toMatchObject({ isReading: true, readingTime: 0 })
    const { bytes } = progress
    now.mockReturnValue(64_000)
    expect(progress.readingTime).toBe(3000)

    socket.resume()
    await once(response, 'drain')
    expect(progress.bytes - bytes).toBeGreaterThan(LARGE.length / 2)
    now.mockReturnValue(90_000)
    expect(progress).toMatchObject({ isReading: false, readingTime: 3000 })

    cutOff()
    await once(socket, 'close')
  })
})
