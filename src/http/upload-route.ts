import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ResolvedOptions } from '../options/resolve-options.ts'
import type { RouteSettings } from '../options/route-settings.ts'
import { UploadError } from '../shared/errors.ts'
import type { IncomingRequest, StoredUpload } from '../shared/types.ts'
import { methodNotAllowed } from '../shared/upload-errors.ts'
import { sendContinue } from './expect-continue.ts'
import { printError } from './print-error.ts'
import { definesResponse, type HttpResponse, problemResponse, resultResponse } from './response.ts'
import { guardEnd } from './response-end.ts'
import { addCloseHeader, closeAfterResponse } from './unread-request.ts'

const UPLOAD_METHODS = ['POST', 'PUT', 'PATCH']

export interface UploadRouteConfig {
  /** Stores the files of one request: `uploadRequest`. */
  upload(
    request: IncomingRequest,
    settings: RouteSettings,
    extras: {
      context?: object | undefined
      onAccepted(): void
      onOptions(options: ResolvedOptions): void
      isAnswered(): boolean
      response: ServerResponse
    },
  ): Promise<{ result: StoredUpload; body: unknown }>
  settings: RouteSettings
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
  | { action: 'next'; result: StoredUpload | undefined }
  /**
   * Pass the error to the framework's error handler. `drained` resolves when nothing more of the request is read;
   * undefined if all of it has been read.
   */
  | { action: 'fail'; error: unknown; drained: Promise<void> | undefined }
  /** Do nothing: the client has disconnected, or other code has responded. */
  | { action: 'none' }

/**
 * Makes the part of an upload route that is the same for every framework: it decides, and the adapter acts. The
 * returned function never rejects.
 *
 * @throws TypeError for `respond: false` without a next handler
 */
export function createUploadRoute({ upload, settings, hasNext }: UploadRouteConfig) {
  const { respond: responds } = settings.route
  if (!hasNext && !responds) {
    throw new TypeError('respond: false needs a next handler. Without one, use streamToS3().')
  }

  async function store(exchange: Exchange, onOptions: (options: ResolvedOptions) => void) {
    const { request, response, context } = exchange
    const onAccepted = () => sendContinue(request, response)
    // With `respond: false`, the application may have started its response, such as a stream of progress.
    const isAnswered = () => (responds ? response.headersSent : response.writableEnded)
    const extras = { context, onAccepted, onOptions, isAnswered, response }
    const { result, body } = await upload(request, settings, extras)
    return { result, body, isAnswered: isAnswered() }
  }

  return async function handle(exchange: Exchange): Promise<RouteOutcome> {
    let options = settings.route
    const onOptions = (own: ResolvedOptions) => {
      options = own
    }
    try {
      if (!isUpload(exchange, hasNext)) return { action: 'next', result: undefined }
      const { result, body, isAnswered } = await store(exchange, onOptions)
      if (!responds) return { action: 'next', result }
      // Other code can have responded while onStored ran.
      return isAnswered ? { action: 'none' } : respond(resultResponse(result, body), exchange, options)
    } catch (error) {
      const passesOn = hasNext && !(responds && definesResponse(error))
      return passesOn ? passOn(error, exchange, options) : respondToError(error, exchange, options)
    }
  }
}

/** Throws `METHOD_NOT_ALLOWED` for another request if there is no next handler. */
function isUpload({ request: { method } }: Exchange, hasNext: boolean): boolean {
  if (UPLOAD_METHODS.includes(method ?? '')) return true
  if (hasNext) return false
  throw methodNotAllowed(method, UPLOAD_METHODS)
}

/** The application responds. It cannot know what the upload has left unread. */
function passOn(error: unknown, { request, response }: Exchange, options: ResolvedOptions): RouteOutcome {
  addCloseHeader(error, request)
  return { action: 'fail', error, drained: closeAfterResponse(request, response, options) }
}

/** The framework's error handler does not see this error. So server faults are printed, unless `onError` gets them. */
function respondToError(error: unknown, exchange: Exchange, options: ResolvedOptions): RouteOutcome {
  const code = error instanceof UploadError ? error.code : undefined
  if (code === 'ABORTED') return { action: 'none' }
  const content = problemResponse(error)
  // A cancelled upload is no fault: the application aborted its own signal.
  const isFault = content.status >= 500 && code !== 'CANCELLED'
  if (isFault && options.onError === undefined) printError(error)
  if (code !== 'ALREADY_ANSWERED') return respond(content, exchange, options)
  closeAfterResponse(exchange.request, exchange.response, options)
  return { action: 'none' }
}

function respond(
  content: HttpResponse,
  { request, response }: Exchange,
  { idleTimeout }: ResolvedOptions,
): RouteOutcome {
  const rules = { idleTimeout, length: content.body.length }
  if (!closeAfterResponse(request, response, rules)) guardEnd(response, rules)
  return { action: 'respond', response: content }
}
