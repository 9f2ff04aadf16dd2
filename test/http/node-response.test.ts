import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import { writeResponse } from '../../src/http/node-response.ts'
import type { HttpResponse } from '../../src/http/response.ts'

const CONTENT: HttpResponse = {
  status: 201,
  headers: { 'Content-Type': 'text/plain' },
  body: 'stored',
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
})
