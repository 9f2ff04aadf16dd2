import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { S3Error } from '../s3-error.ts'
import { DECLARATION, errorDocument } from '../xml/write-xml.ts'
import type { Headers } from './headers.ts'
import type { Reply } from './s3-request.ts'

/** One HTTP request and its response. */
export class Exchange {
  readonly method: string
  /** Path and query, still percent-encoded. */
  readonly url: string
  readonly headers: Headers
  readonly request: IncomingMessage
  readonly #response: ServerResponse
  readonly #id = randomBytes(8).toString('hex').toUpperCase()
  readonly #closed = new AbortController()
  #expectsContinue: boolean

  /** `expectsContinue`: the client sent `Expect: 100-continue` and waits for the interim response. */
  constructor(request: IncomingMessage, response: ServerResponse, expectsContinue: boolean) {
    this.method = request.method ?? 'GET'
    this.url = request.url ?? '/'
    this.headers = flatten(request)
    this.request = request
    this.#response = response
    this.#expectsContinue = expectsContinue
    // Ignores errors from writing to a disconnected client: `closed` reports the disconnect.
    response.on('error', () => {})
    response.once('close', () => this.#closed.abort())
  }

  /** Aborts when the response ends or the client disconnects. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /** Sends `100 Continue` if the client waits for it. */
  sendContinue(): void {
    if (this.#expectsContinue) this.#response.writeContinue()
    this.#expectsContinue = false
  }

  drop(): void {
    this.request.socket.destroy()
  }

  /** Reads the body and never responds. Node reports a disconnect only while the request is being read. */
  hang(): void {
    this.sendContinue()
    this.request.resume()
  }

  /** Sends the response. Node then discards the rest of the request body, or closes the connection. */
  async send(reply: Reply): Promise<void> {
    const body = this.#bodyOf(reply)
    if (body === undefined || typeof body === 'string' || Buffer.isBuffer(body)) {
      this.#writeHead(reply, body === undefined ? undefined : Buffer.byteLength(body))
      this.#response.end(body)
    } else {
      this.#writeHead(reply)
      await pipeline(Readable.from(body), this.#response)
    }
  }

  /** Sends the XML declaration, then a blank at each interval until `end` resolves, then the rest of the response. */
  async sendAfterBlanks(reply: Reply, interval: number, end: () => Promise<void>): Promise<void> {
    this.#writeHead(reply)
    this.#response.write(DECLARATION)
    const timer = setInterval(() => this.#response.write(' '), interval)
    try {
      await end()
    } finally {
      clearInterval(timer)
    }
    this.#response.end(String(reply.body).slice(DECLARATION.length))
  }

  /** True if the client receives an XML document. */
  sendsXml(reply: Reply): boolean {
    const body = this.#bodyOf(reply)
    return typeof body === 'string' && body.startsWith(DECLARATION)
  }

  #bodyOf({ status, body = '' }: Reply): Reply['body'] {
    return this.method === 'HEAD' || status === 204 || status === 304 ? undefined : body
  }

  #writeHead({ status, headers = {}, foreign }: Reply, length?: number): void {
    const id = foreign ? {} : { 'x-amz-request-id': this.#id }
    const sent = Object.entries({ ...id, 'content-length': length, ...headers })
    this.#response.writeHead(status, Object.fromEntries(sent.filter(([, value]) => value !== undefined)))
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
