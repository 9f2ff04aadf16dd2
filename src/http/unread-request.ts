import type { IncomingMessage, ServerResponse } from 'node:http'
import type { IncomingRequest } from '../shared/types.ts'
import { closeConnection, drainOf } from './drain.ts'
import { awaitsContinue } from './expect-continue.ts'
import { type EndRules, guardEnd } from './response-end.ts'

// A server must read the whole request or close the connection, and says so in the response:
// https://www.rfc-editor.org/rfc/rfc9112#section-9.3. Otherwise a proxy reuses the connection, and the request of another
// client follows the unread bytes.

/** Connections that close after the response to an earlier request. */
const closing = new WeakSet<object>()

/** True if no response can follow on this connection, so an upload must store nothing. */
export function isClosing(request: IncomingRequest): boolean {
  return closing.has(Object((request as Partial<IncomingMessage>).socket))
}

/**
 * Prepares a response, which any code may send, if the request of a refused upload has an unread rest. The response says
 * `Connection: close` and reaches the client at once. It ends when the rest has been drained.
 *
 * @param rules also apply to the response
 * @returns a promise that resolves when the rest has been drained, or undefined if there is no rest
 */
export function closeAfterResponse(
  request: IncomingRequest,
  response: ServerResponse,
  { idleTimeout, length = 0 }: Pick<EndRules, 'idleTimeout' | 'length'>,
): Promise<void> | undefined {
  const drained = unreadRest(request)
  if (drained === undefined) return undefined
  if (response.headersSent) closeUnannounced(request, response, drained)
  const beforeHeaders = () => announceClose(request, response)
  beforeHeaders()
  // A client that waits for 100 Continue has sent nothing that would reset the connection.
  const endAfter = awaitsContinue(request as IncomingMessage, response) ? Promise.resolve() : drained
  guardEnd(response, { idleTimeout, length, endAfter, beforeHeaders })
  return drained
}

/**
 * Adds `Connection: close` to the headers of an error, if its request has an unread rest: the error handler of Koa removes
 * every other header.
 */
export function addCloseHeader(error: unknown, request: IncomingRequest): void {
  if (!(error instanceof Error) || unreadRest(request) === undefined || !isHttp1(request)) return
  const { headers } = error as { headers?: object }
  Reflect.set(error, 'headers', Object.assign({}, headers, { Connection: 'close' }))
}

/** Node has parsed a complete request, although its last bytes may still wait to be read. */
function unreadRest(request: IncomingRequest): Promise<void> | undefined {
  const { complete } = request as Partial<IncomingMessage>
  return complete || request.readableEnded ? undefined : drainOf(request)
}

/** HTTP/2 has no such header. It closes streams, not connections. */
function isHttp1(request: IncomingRequest): boolean {
  return (request as Partial<IncomingMessage>).httpVersionMajor === 1
}

function announceClose(request: IncomingRequest, response: ServerResponse): void {
  if (response.headersSent) return
  if (isHttp1(request)) {
    response.setHeader('Connection', 'close')
    closing.add(Object((request as IncomingMessage).socket))
  }
  forbidTransform(response)
}

/** The response has started without the header. So the client learns it from the connection. */
function closeUnannounced(request: IncomingRequest, response: ServerResponse, drained: Promise<void>): void {
  function close() {
    if (unreadRest(request)) closeConnection(request)
  }
  drained.then(() => {
    if (response.writableFinished) close()
    else response.once('finish', close)
  })
}

/**
 * Middleware that compresses would hold the response back until it ends, after the client has stopped sending. It must not
 * transform a response with this directive: https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.6
 */
function forbidTransform(response: ServerResponse): void {
  const directives = [response.getHeader('Cache-Control') ?? []].flat().join(', ')
  if (/(^|[\s,])no-transform/i.test(directives)) return
  response.setHeader('Cache-Control', directives === '' ? 'no-transform' : `${directives}, no-transform`)
}
