import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import type { HttpResponse } from './response.ts'

/** Sends a response through Node, unless another handler has already responded or the client has disconnected. */
export function writeResponse(response: ServerResponse, content: HttpResponse): void {
  if (response.headersSent || response.destroyed) return
  response.statusCode = content.status
  for (const [name, value] of Object.entries(content.headers)) response.setHeader(name, value)
  if (content.endAfter === undefined) {
    response.end(content.body)
    return
  }
  response.write(content.body)
  content.endAfter.then(() => response.end())
}

/** Returns the body for a framework that writes the response itself and accepts strings and streams. */
export function responseBody({ body, endAfter }: HttpResponse): string | Readable {
  return endAfter === undefined ? body : Readable.from(bodyUntil(body, endAfter))
}

async function* bodyUntil(body: string, end: Promise<void>): AsyncGenerator<string> {
  yield body
  await end
}
