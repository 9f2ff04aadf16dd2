import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { S3Error } from '../s3-error.ts'
import { errorDocument } from '../xml/write-xml.ts'
import type { Headers } from './headers.ts'
import type { Reply } from './s3-request.ts'

/** One HTTP request and its answer. */
export class Exchange {
  readonly method: string
  /** Path and query as sent. */
  readonly url: string
  readonly headers: Headers
  readonly request: IncomingMessage
  readonly #response: ServerResponse
  readonly #id = randomBytes(8).toString('hex').toUpperCase()
  readonly #closed = new AbortController()
  #mustContinue: boolean

  /** `mustContinue`: the client sent `Expect: 100-continue` and waits. */
  constructor(request: IncomingMessage, response: ServerResponse, mustContinue: boolean) {
    this.method = request.method ?? 'GET'
    this.url = request.url ?? '/'
    this.headers = flatten(request)
    this.request = request
    this.#response = response
    this.#mustContinue = mustContinue
    // Writing to a client that is gone is no news; `closed` tells of it.
    response.on('error', () => {})
    response.once('close', () => this.#closed.abort())
  }

  /** Aborts when the exchange is over, in whichever way. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /** Asks for the body, if the client waits to be asked. */
  continue(): void {
    if (this.#mustContinue) this.#response.writeContinue()
    this.#mustContinue = false
  }

  drop(): void {
    this.request.socket.destroy()
  }

  /** Takes the body, and never answers. Reading on is what makes the end of the connection show. */
  hang(): void {
    this.continue()
    this.request.resume()
  }

  /** Node drops what is left of a body, and closes a connection whose client was not asked for its body. */
  async send({ status, headers = {}, body = '' }: Reply): Promise<void> {
    const hasBody = this.method !== 'HEAD' && status !== 204 && status !== 304
    const sent: Record<string, string | number> = { 'x-amz-request-id': this.#id }
    if (hasBody && typeof body === 'string') sent['content-length'] = Buffer.byteLength(body)
    for (const [name, value] of Object.entries(headers)) if (value !== undefined) sent[name] = value
    this.#response.writeHead(status, sent)
    if (!hasBody || typeof body === 'string') this.#response.end(hasBody ? body : undefined)
    else await pipeline(Readable.from(body), this.#response)
  }

  errorReply(error: unknown): Reply {
    const { status, code, message, headers, elements } = toS3Error(error)
    const details = { Code: code, Message: message, Resource: this.url, RequestId: this.#id, ...elements }
    return {
      status,
      headers: { 'content-type': 'application/xml', ...headers },
      body: errorDocument(details),
    }
  }
}

function flatten({ headers }: IncomingMessage): Headers {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  )
}

function toS3Error(error: unknown): S3Error {
  if (error instanceof S3Error) return error
  if (error instanceof URIError) return new S3Error(400, 'InvalidURI', "Couldn't parse the specified URI.")
  return new S3Error(500, 'InternalError', error instanceof Error ? error.message : String(error))
}
