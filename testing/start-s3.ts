import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { S3Client } from '@aws-sdk/client-s3'
import { Faults } from './faults.ts'
import { Exchange } from './http/exchange.ts'
import { handleRequest, type ServerState } from './http/handle-request.ts'
import { inspectObjects, inspectUploads } from './inspect.ts'
import { REGION } from './operations/buckets.ts'
import { RequestLog } from './request-log.ts'
import { Store } from './store/store.ts'
import type { S3Server, S3ServerOptions } from './types.ts'

const HOST = '127.0.0.1'
const DEFAULT_MIN_PART_BYTES = 5 * 1024 ** 2
const DEFAULT_MAX_RECORDED_REQUESTS = 10_000

/**
 * Starts an S3 server in this process, for tests and demos. It needs no Docker, writes no files and keeps all objects
 * in memory. It serves path-style S3 over HTTP on 127.0.0.1, and checks signatures, checksums and multipart rules as S3
 * does. It does not verify the chunk signatures inside aws-chunked bodies.
 *
 * Rejects with a TypeError if an option is invalid, and with Node's error (`EADDRINUSE`) if the port is in use.
 *
 * @see https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html
 * @example
 * const s3 = await startS3({ buckets: ['uploads'] })
 * s3.fault(r => (r.operation === 'UploadPart' && r.n === 2 ? { status: 503, code: 'SlowDown' } : undefined))
 * await uploadSomethingWith(s3.client)
 * expect(s3.objects('uploads')).toMatchObject([{ key: 'photo.jpg', type: 'image/jpeg' }])
 * expect(s3.uploads('uploads')).toEqual([])
 * await s3.close()
 */
export async function startS3(options: S3ServerOptions = {}): Promise<S3Server> {
  const { credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' }, buckets = [] } = options
  const store = new Store({
    minPartSize: checkCount('minPartSize', options.minPartSize ?? DEFAULT_MIN_PART_BYTES, 'bytes'),
    maxStoredBody: checkStoreBodies(options.storeBodies ?? true),
    requirePartChecksums: options.requirePartChecksums ?? false,
    omitNullVersionIds: options.omitNullVersionIds ?? false,
  })
  for (const name of buckets) createInitialBucket(store, name)
  const maxRecorded = options.maxRecordedRequests ?? DEFAULT_MAX_RECORDED_REQUESTS
  const log = new RequestLog(checkCount('maxRecordedRequests', maxRecorded, 'requests'))
  const state = { store, log, faults: new Faults(), credentials: { ...credentials } }
  const server = await listen(state, options.port ?? 0)
  const endpoint = `http://${HOST}:${portOf(server)}`
  const client = new S3Client({ endpoint, region: REGION, credentials, forcePathStyle: true })
  return createS3Server(state, server, endpoint, client)
}

function createS3Server(state: ServerState, server: Server, endpoint: string, client: S3Client): S3Server {
  let closed: Promise<void> | undefined
  return {
    endpoint,
    region: REGION,
    credentials: state.credentials,
    client,
    requests: state.log.records,
    objects: bucket => inspectObjects(state.store, bucket),
    uploads: bucket => inspectUploads(state.store, bucket),
    fault: fault => state.faults.add(fault),
    reset() {
      state.store.reset()
      state.log.reset()
      state.faults.clear()
    },
    close() {
      closed ??= closeServer(server, client)
      return closed
    },
  }
}

function checkCount(name: string, value: number, unit: string): number {
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new TypeError(`${name} must be a non-negative integer (${unit}), got ${value}`)
}

function checkStoreBodies(store: boolean | number): number {
  if (typeof store === 'boolean') return store ? Number.POSITIVE_INFINITY : 0
  if (store >= 0) return store
  throw new TypeError(`storeBodies must be true, false or a number of bytes, got ${store}`)
}

function createInitialBucket(store: Store, name: string): void {
  try {
    store.createBucket(name)
  } catch (cause) {
    const problem = store.hasBucket(name)
      ? 'is listed twice'
      : 'is not a valid bucket name: use 3 to 63 of a-z, 0-9, "." and "-"'
    throw new TypeError(`buckets: ${JSON.stringify(name)} ${problem}`, { cause })
  }
}

function listen(state: ServerState, port: number): Promise<Server> {
  const handle = (expectsContinue: boolean) => (request: IncomingMessage, response: ServerResponse) => {
    void handleRequest(state, new Exchange(request, response, expectsContinue))
  }
  // No timeouts: a fault can delay a request without limit, and a client can reuse an idle connection at any time.
  const server = createServer({ requestTimeout: 0, keepAliveTimeout: 0 }, handle(false))
  server.on('checkContinue', handle(true))
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, HOST, () => resolve(server))
  })
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string')
    throw new Error('The server does not listen on a TCP port')
  return address.port
}

function closeServer(server: Server, client: S3Client): Promise<void> {
  client.destroy()
  return new Promise(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
