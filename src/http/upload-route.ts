import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ResolvedOptions } from '../options/resolve-options.ts'
import { UploadError } from '../shared/errors.ts'
import type { IncomingRequest, UploadResult } from '../shared/types.ts'
import { methodNotAllowed } from '../shared/upload-errors.ts'
import { drainOf } from './drain.ts'
import { awaitsContinue, sendContinue } from './expect-continue.ts'
import { definesResponse, type HttpResponse, problemResponse, resultResponse } from './response.ts'

const UPLOAD_METHODS = ['POST', 'PUT', 'PATCH']

export interface UploadRouteConfig {
  /** Stores the files of one form: `uploadForm`. */
  upload(
    request: IncomingRequest,
    options: ResolvedOptions,
    extras: { context?: object | undefined; onAccepted(): void; isAnswered(): boolean },
  ): Promise<UploadResult>
  options: ResolvedOptions
  /** True if the framework has a next handler and an error handler. Without them, the route responds to every request. */
  hasNext: boolean
}

/** One request, as its framework gives it to the adapter. */
export interface Exchange {
  request: IncomingMessage
  response: ServerResponse
  /** Properties that the adapter adds to the context of the hooks. */
  context?: object | undefined
}

/** The step that the adapter takes after the route has handled a request. */
export type RouteOutcome =
  /** Send this response. */
  | { action: 'respond'; response: HttpResponse }
  /** Store the result where the next handler finds it, if there is one. Then call the next handler. */
  | { action: 'next'; result: UploadResult | undefined }
  /** Pass the error to the framework's error handler. */
  | { action: 'fail'; error: unknown }
  /** Do nothing: the client has disconnected, or other code has responded. */
  | { action: 'none' }

/**
 * Makes the part of an upload route that is the same for every framework: it decides, and the adapter acts. The
 * returned function never rejects.
 *
 * @throws TypeError for `respond: false` without a next handler
 */
export function createUploadRoute({ upload, options, hasNext }: UploadRouteConfig) {
  if (!hasNext && !options.respond) {
    throw new TypeError('respond: false needs a next handler. Without one, use streamToS3().')
  }

  return async function handle(exchange: Exchange): Promise<RouteOutcome> {
    const { request, response, context } = exchange
    try {
      if (!UPLOAD_METHODS.includes(request.method ?? '')) {
        if (hasNext) return { action: 'next', result: undefined }
        throw methodNotAllowed(request.method, UPLOAD_METHODS)
      }
      const onAccepted = () => sendContinue(request, response)
      // With `respond: false`, the application may have started its response, such as a stream of progress.
      const isAnswered = () => (options.respond ? response.headersSent : response.writableEnded)
      const result = await upload(request, options, { context, onAccepted, isAnswered })
      return options.respond ? respond(resultResponse(result), exchange) : { action: 'next', result }
    } catch (error) {
      const passesOn = hasNext && !(options.respond && definesResponse(error))
      return passesOn ? { action: 'fail', error } : respondToError(error, exchange, options)
    }
  }
}

/** The framework's error handler does not see this error. So server faults are printed, unless `onError` gets them. */
function respondToError(error: unknown, exchange: Exchange, { onError }: ResolvedOptions): RouteOutcome {
  const code = error instanceof UploadError ? error.code : undefined
  if (code === 'ABORTED') return { action: 'none' }
  const content = problemResponse(error)
  // A cancelled upload is no fault: the application aborted its own signal.
  const isFault = content.status >= 500 && code !== 'CANCELLED'
  // biome-ignore lint/suspicious/noConsole: the error handlers of Express and Koa do the same
  if (isFault && onError === undefined) console.error(error)
  if (code === 'ALREADY_ANSWERED') return { action: 'none' }
  return respond(content, exchange)
}

/** While the client still sends, the connection must stay open until the client has had time to read the response. */
function respond(content: HttpResponse, { request, response }: Exchange): RouteOutcome {
  const drained = request.readableEnded || awaitsContinue(request, response) ? undefined : drainOf(request)
  if (drained !== undefined) {
    content.endAfter = drained
    // HTTP/2 has no such header. It closes streams, not connections.
    if (request.httpVersionMajor < 2) content.headers.Connection = 'close'
    content.headers['Content-Length'] = `${Buffer.byteLength(content.body)}`
    content.headers['Cache-Control'] = noTransform(content, response)
  }
  return { action: 'respond', response: content }
}

/**
 * Middleware that compresses holds the response back until it ends, after the client has stopped sending. It must not
 * transform a response with this directive: https://www.rfc-editor.org/rfc/rfc9111#section-5.2.2.6
 */
function noTransform({ headers }: HttpResponse, response: ServerResponse): string {
  const directives = headers['Cache-Control'] ?? response.getHeader('Cache-Control') ?? []
  return [directives, 'no-transform'].flat().join(', ')
}
