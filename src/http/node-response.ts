import type { ServerResponse } from 'node:http'
import type { HttpResponse } from './response.ts'

/** Sends a response through Node, unless another handler has already responded or the client has disconnected. */
export function writeResponse(response: ServerResponse, { status, headers, body }: HttpResponse): void {
  if (response.headersSent || response.destroyed) return
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.end(body)
}
