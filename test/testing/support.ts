import { once } from 'node:events'
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http'
import { connect, type Socket } from 'node:net'
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { type S3Server, type S3ServerOptions, startS3 } from '../../testing/index.ts'

export const BUCKET = 'bucket'
export const MIB = 1024 ** 2

/** Starts one server with one bucket for a test file. Resets it after each test. */
export function useS3(options: S3ServerOptions = {}): { readonly s3: S3Server } {
  let server: S3Server | undefined
  beforeAll(async () => {
    server = await startS3({ buckets: [BUCKET], ...options })
  })
  afterEach(() => server?.reset())
  afterAll(() => server?.close())
  return {
    get s3() {
      if (!server) throw new Error('The server has not started yet')
      return server
    },
  }
}

const SILENT = { debug() {}, info() {}, warn() {}, error() {}, trace() {} }

/** Creates a client that never retries and adds no checksums. */
export function plainClient(s3: S3Server, config: ConstructorParameters<typeof S3Client>[0] = {}): S3Client {
  return new S3Client({
    endpoint: s3.endpoint,
    region: s3.region,
    credentials: s3.credentials,
    forcePathStyle: true,
    maxAttempts: 1,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    logger: SILENT,
    ...config,
  })
}

export function presignPut(s3: S3Server, key: string, extra: object = {}): Promise<string> {
  return getSignedUrl(plainClient(s3), new PutObjectCommand({ Bucket: BUCKET, Key: key, ...extra }))
}

export function presignGet(s3: S3Server, key: string, extra: object = {}): Promise<string> {
  return getSignedUrl(plainClient(s3), new GetObjectCommand({ Bucket: BUCKET, Key: key, ...extra }))
}

export interface RawResponse {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

/** Sends an HTTP request with exactly these headers. Rejects if the connection breaks. */
export async function send(
  method: string,
  url: string,
  { headers = {}, body }: { headers?: OutgoingHttpHeaders; body?: string | Buffer } = {},
): Promise<RawResponse> {
  const clientRequest = request(url, { method, headers, agent: false })
  clientRequest.end(body)
  const [response] = await once(clientRequest, 'response')
  let text = ''
  for await (const chunk of response) text += chunk
  return { status: response.statusCode, headers: response.headers, body: text }
}

/** Opens a connection, and sends the headers of a request and the given start of its body. */
export async function sendHeaders(
  url: string,
  headers: string[],
  body: string | Buffer = '',
  method = 'PUT',
): Promise<Socket> {
  const { port, host, pathname, search } = new URL(url)
  const socket = connect(Number(port), '127.0.0.1')
  await once(socket, 'connect')
  socket.write(
    `${[`${method} ${pathname}${search} HTTP/1.1`, `Host: ${host}`, ...headers].join('\r\n')}\r\n\r\n`,
  )
  socket.write(body)
  return socket
}

export async function readAll(socket: Socket): Promise<string> {
  let text = ''
  for await (const chunk of socket) text += chunk
  return text
}

/** Resolves with the name and status of the error of an SDK call. */
export async function failure(promise: Promise<unknown>): Promise<{ name: string; status?: number }> {
  try {
    await promise
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } }
    return { name, status: $metadata?.httpStatusCode }
  }
  throw new Error('The call did not fail')
}

export interface Gate {
  opened: Promise<void>
  open(): void
}

export function gate(): Gate {
  let open = () => {}
  const opened = new Promise<void>(resolve => {
    open = resolve
  })
  return { opened, open: () => open() }
}
