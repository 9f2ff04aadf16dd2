import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Readable } from 'node:stream'
import { describe, expect, it, onTestFinished } from 'vitest'
import { responseBody, writeResponse } from '../../src/http/node-response.ts'
import type { HttpResponse } from '../../src/http/response.ts'

const CONTENT: HttpResponse = {
  status: 201,
  headers: { 'Content-Type': 'text/plain' },
  body: 'stored',
  endAfter: undefined,
}

async function fetchFrom(respond: (response: ServerResponse) => void): Promise<Response> {
  const server = createServer((_, response) => respond(response)).listen(0, '127.0.0.1')
  onTestFinished(() => void server.close())
  await once(server, 'listening')
  return fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)
}

describe('writeResponse', () => {
  it('sends status, headers and body', async () => {
    const response = await fetchFrom(response => writeResponse(response, CONTENT))
    expect(response.status).toBe(201)
    expect(response.headers.get('content-type')).toBe('text/plain')
    expect(await response.text()).toBe('stored')
  })

  it('skips a response that another handler has sent', async () => {
    const response = await fetchFrom(response => {
      response.end('other')
      writeResponse(response, CONTENT)
    })
    expect(response.status).toBe(200)
    expect(await response.text()).toBe('other')
  })

  it('skips a response whose client has disconnected', async () => {
    let sent = true
    const outcome = fetchFrom(response => {
      response.destroy()
      writeResponse(response, CONTENT)
      sent = response.headersSent
    })
    await expect(outcome).rejects.toThrow()
    expect(sent).toBe(false)
  })

  it('ends the response when endAfter resolves', async () => {
    let release = () => {}
    const endAfter = new Promise<void>(resolve => {
      release = resolve
    })
    let ended: ServerResponse | undefined
    const response = await fetchFrom(response => {
      ended = response
      writeResponse(response, { ...CONTENT, endAfter })
    })
    const reader = response.body?.getReader()
    expect(Buffer.from((await reader?.read())?.value ?? []).toString()).toBe('stored')
    expect(ended?.writableEnded).toBe(false)
    release()
    expect((await reader?.read())?.done).toBe(true)
    expect(ended?.writableEnded).toBe(true)
  })
})

describe('responseBody', () => {
  it('returns the string if the connection may close', () => {
    expect(responseBody(CONTENT)).toBe('stored')
  })

  it('returns a stream that ends when endAfter resolves', async () => {
    let release = () => {}
    const endAfter = new Promise<void>(resolve => {
      release = resolve
    })
    const body = responseBody({ ...CONTENT, endAfter }) as Readable
    expect(body).toBeInstanceOf(Readable)
    const [first] = await once(body, 'data')
    expect(`${first}`).toBe('stored')
    expect(body.readableEnded).toBe(false)
    release()
    await once(body, 'end')
  })
})
