import type { IncomingMessage, ServerResponse } from 'node:http'
import { restOf } from './drain.ts'
import type { Answer } from './response.ts'

/** Writes to a Node response, unless somebody else has answered or nobody is there any more. */
export function writeAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer | undefined,
): void {
  if (answer === undefined || response.headersSent || response.destroyed) return
  response.statusCode = answer.status
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value)
  const rest = unreadRest(request, response)
  if (rest === undefined) {
    response.end(answer.body)
    return
  }
  // HTTP/2 has no such header, and closes streams, not connections.
  if (request.httpVersionMajor < 2) response.setHeader('Connection', 'close')
  response.setHeader('Content-Length', Buffer.byteLength(answer.body))
  response.write(answer.body)
  rest.then(() => response.end())
}

/**
 * A request that is still sending must keep its connection until the client has had the time to see the answer:
 * the response is to be ended when this resolves. Node closes the connection with it.
 */
export function unreadRest(request: IncomingMessage, response: ServerResponse): Promise<void> | undefined {
  return request.readableEnded || awaitsContinue(request, response) ? undefined : restOf(request)
}

/**
 * Tells a client that waits for it (`Expect: 100-continue`) to send the body. Node does that by itself, before
 * anything is checked, unless the server has a listener for 'checkContinue'.
 */
export function sendContinue(request: IncomingMessage, response: ServerResponse): void {
  if (awaitsContinue(request, response)) {
    response.writeContinue()
    told.add(response)
  }
}

const told = new WeakSet<ServerResponse>()

function awaitsContinue(request: IncomingMessage, response: ServerResponse): boolean {
  // A request that never had a connection has no socket.
  const { server } = (request.socket ?? {}) as { server?: NodeJS.EventEmitter }
  const isOurs = (server?.listenerCount('checkContinue') ?? 0) > 0
  return isOurs && !told.has(response) && /^100-continue$/i.test(request.headers.expect ?? '')
}
