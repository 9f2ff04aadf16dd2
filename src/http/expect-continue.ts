import type { IncomingMessage, ServerResponse } from 'node:http'

/** Responses that have sent `100 Continue`. */
const continued = new WeakSet<ServerResponse>()

/**
 * Tells a client that sent `Expect: 100-continue` to send the body. Node does this on its own, before any check,
 * unless the server has a listener for 'checkContinue'.
 */
export function sendContinue(request: IncomingMessage, response: ServerResponse): void {
  if (!awaitsContinue(request, response)) return
  response.writeContinue()
  continued.add(response)
}

/** True if the client sends no body before we send `100 Continue`. */
export function awaitsContinue(request: IncomingMessage, response: ServerResponse): boolean {
  // A request that never had a connection has no socket.
  const { server } = (request.socket ?? {}) as { server?: NodeJS.EventEmitter }
  const isOurs = (server?.listenerCount('checkContinue') ?? 0) > 0
  return isOurs && !continued.has(response) && /^100-continue$/i.test(request.headers?.expect ?? '')
}
