import { authenticate } from '../auth/authenticate.ts'
import { readDeclaredBody } from '../body/declared-body.ts'
import { readBody } from '../body/read-body.ts'
import { abortable, effectOf, type FaultEffect, type Faults, waitFor } from '../faults.ts'
import { findOperation } from '../operations/index.ts'
import type { OpenRecord, RequestLog } from '../request-log.ts'
import { notImplemented, S3Error } from '../s3-error.ts'
import type { Store } from '../store/store.ts'
import type { RecordedRequest, S3Credentials } from '../types.ts'
import { applyEffect, respond } from './apply-effect.ts'
import type { Exchange } from './exchange.ts'
import type { Headers } from './headers.ts'
import { route } from './route.ts'
import type { Reply, S3Request, Target } from './s3-request.ts'

const MAX_KEY_BYTES = 1024
const MAX_OBJECT_BYTES = 5 * 1024 ** 3
/** Fits a list of 10,000 S3 parts with checksums. */
const MAX_XML_BYTES = 4 * 1024 ** 2

export interface ServerState {
  readonly store: Store
  readonly log: RequestLog
  readonly faults: Faults
  readonly credentials: S3Credentials
}

/** Handles one request. Never rejects: an error becomes an error response, unless the client has disconnected. */
export async function handleRequest(state: ServerState, exchange: Exchange): Promise<void> {
  let record: OpenRecord | undefined
  try {
    const target = route(exchange.request)
    record = state.log.add(exchange.method, target, exchange.headers)
    const effect = await findEffect(state.faults, record, exchange.closed)
    if (effect && !effect.after) return await applyEffect(effect, exchange, record)
    const reply = await perform(state, exchange, target).catch(error => exchange.errorReply(error))
    if (effect) return await applyEffect(effect, exchange, record, reply)
    await respond(exchange, record, reply)
  } catch (error) {
    await respond(exchange, record, exchange.errorReply(error)).catch(() => {})
  }
}

/** Finds the fault of a request and waits for its delay. */
async function findEffect(
  faults: Faults,
  record: RecordedRequest,
  signal: AbortSignal,
): Promise<FaultEffect | undefined> {
  const fault = await abortable(faults.find(record), signal)
  if (fault === undefined) return undefined
  const effect = effectOf(fault)
  await waitFor(fault, signal)
  return effect
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
    // The checksum headers of CompleteMultipartUpload describe the object, not the request body.
    const bodyHeaders = target.operation === 'CompleteMultipartUpload' ? withoutChecksums(headers) : headers
    const declared = readDeclaredBody(bodyHeaders, payloadHash)
    const { chunks } = await readBody(exchange, declared, { maxSize: MAX_XML_BYTES, keep: true })
    return Buffer.concat(chunks).toString()
  }
  return { ...target, headers, store, readBody: read, readText }
}

function withoutChecksums(headers: Headers): Headers {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !name.startsWith('x-amz-checksum-')))
}
