import { authenticate } from '../auth/authenticate.ts'
import { readDeclaredBody } from '../body/declared-body.ts'
import { readBody } from '../body/read-body.ts'
import { type Faults, orAbort, type Strike, strikeOf, waitFor } from '../faults.ts'
import { findOperation } from '../operations/index.ts'
import type { OpenRecord, RequestLog } from '../request-log.ts'
import { notImplemented, S3Error } from '../s3-error.ts'
import type { Store } from '../store/store.ts'
import type { RecordedRequest, S3Credentials } from '../types.ts'
import type { Exchange } from './exchange.ts'
import type { Headers } from './headers.ts'
import { route } from './route.ts'
import type { Reply, S3Request, Target } from './s3-request.ts'

const MAX_KEY_BYTES = 1024
const MAX_OBJECT_BYTES = 5 * 1024 ** 3
/** Enough for the list of 10,000 S3 parts with their checksums. */
const MAX_TEXT_BYTES = 4 * 1024 ** 2

export interface ServerState {
  readonly store: Store
  readonly log: RequestLog
  readonly faults: Faults
  readonly credentials: S3Credentials
}

/** Never rejects: what goes wrong is answered, or the client is gone. */
export async function handleRequest(state: ServerState, exchange: Exchange): Promise<void> {
  let record: OpenRecord | undefined
  try {
    const target = route(exchange.request)
    record = state.log.add(exchange.method, target, exchange.headers)
    const strike = await findStrike(state.faults, record, exchange.closed)
    if (strike && !strike.after) return await hit(strike, exchange, record)
    const reply = await perform(state, exchange, target).catch(error => exchange.errorReply(error))
    if (strike) return await hit(strike, exchange, record)
    await send(exchange, record, reply)
  } catch (error) {
    await send(exchange, record, exchange.errorReply(error)).catch(() => {})
  }
}

async function findStrike(
  faults: Faults,
  record: RecordedRequest,
  signal: AbortSignal,
): Promise<Strike | undefined> {
  const fault = await orAbort(faults.find(record), signal)
  if (fault === undefined) return undefined
  await waitFor(fault, signal)
  return strikeOf(fault)
}

async function hit(strike: Strike, exchange: Exchange, record: OpenRecord): Promise<void> {
  if (strike.kind === 'drop') return exchange.drop()
  if (strike.kind === 'hang') return exchange.hang()
  const { status, code, message, headers } = strike.error
  await send(exchange, record, exchange.errorReply(new S3Error(status, code, message, { headers })))
}

async function send(exchange: Exchange, record: OpenRecord | undefined, reply: Reply): Promise<void> {
  if (exchange.closed.aborted) return
  if (record) record.status = reply.status
  await exchange.send(reply)
}

async function perform(state: ServerState, exchange: Exchange, target: Target): Promise<Reply> {
  const operation = findOperation(target.operation)
  if (!operation) throw notImplemented(target.operation)
  const { method, url } = exchange
  const { payloadHash, headers } = authenticate(
    { method, url, query: target.query, headers: exchange.headers },
    state.credentials,
  )
  if (Buffer.byteLength(target.key) > MAX_KEY_BYTES) {
    throw new S3Error(400, 'KeyTooLongError', 'Your key is too long')
  }
  return operation(toS3Request(state.store, exchange, target, headers, payloadHash))
}

function toS3Request(
  store: Store,
  exchange: Exchange,
  target: Target,
  headers: Headers,
  payloadHash: string,
): S3Request {
  const read: S3Request['readBody'] = async ({ compute }) => {
    const declared = readDeclaredBody(headers, payloadHash)
    const keep = declared.size <= store.options.maxStoredBody
    return readBody(exchange, declared, { maxSize: MAX_OBJECT_BYTES, keep, compute })
  }
  const readText: S3Request['readText'] = async () => {
    // The checksum headers of CompleteMultipartUpload are about the object.
    const own = target.operation === 'CompleteMultipartUpload' ? withoutChecksums(headers) : headers
    const declared = readDeclaredBody(own, payloadHash)
    const { chunks } = await readBody(exchange, declared, { maxSize: MAX_TEXT_BYTES, keep: true })
    return Buffer.concat(chunks).toString()
  }
  return { ...target, headers, store, readBody: read, readText }
}

function withoutChecksums(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('x-amz-checksum-')))
}
