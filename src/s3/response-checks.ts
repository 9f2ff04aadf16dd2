import { pipeline, Readable, Transform } from 'node:stream'
import type { Command, HttpResponse, Next } from './middleware.ts'

/** Before the SDK reads the response. */
const RAW_RESPONSE = { step: 'deserialize', priority: 'low', override: true }

/**
 * Rejects a page that something else sent in the place of S3, with a status of success: a proxy, a captive portal. S3
 * never sends HTML, except the objects themselves and what HeadObject says of them.
 */
export function rejectPages(command: object): void {
  const check =
    (next: Next): Next =>
    async args => {
      const result = await next(args)
      const response = result.response as HttpResponse
      if (hasPage(response)) throw pageInsteadOfResponse(response.statusCode)
      return result
    }
  add(command, check, 's3UpstreamPages')
}

/** OpenStack Swift gives empty responses the type of a page, with an ETag. */
function hasPage({ statusCode, headers }: HttpResponse): boolean {
  if (statusCode >= 300 || statusCode === 204) return false
  const { 'content-type': type = '', 'content-length': length, etag } = headers
  return /^text\/html\b/i.test(type) && length !== '0' && etag === undefined
}

function pageInsteadOfResponse(httpStatusCode: number): Error {
  const message =
    'The response is an HTML page, not from S3. Check the endpoint, and proxies on the way to it.'
  return Object.assign(new Error(message), { name: 'NoS3Response', $metadata: { httpStatusCode } })
}

/** Calls back for each piece of the response. S3 sends blanks while a request takes it minutes. */
export function watchResponse(command: object, onData: () => void): void {
  const watch =
    (next: Next): Next =>
    async args => {
      const result = await next(args)
      onData()
      const response = result.response as HttpResponse
      if (response.body instanceof Readable) response.body = throughWatch(response.body, onData)
      return result
    }
  add(command, watch, 's3UpstreamProgress')
}

function throughWatch(body: Readable, onData: () => void): Readable {
  const watch = new Transform({
    transform(chunk, ...[, done]) {
      onData()
      done(null, chunk)
    },
  })
  // Its errors are those of the returned stream.
  return pipeline(body, watch, () => {})
}

function add(command: object, middleware: (next: Next) => Next, name: string): void {
  const { middlewareStack } = command as Command
  middlewareStack.add(middleware, { ...RAW_RESPONSE, name })
}
