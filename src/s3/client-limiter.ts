import type { Limits } from '../shared/limits.ts'
import type { S3ClientLike } from '../shared/types.ts'
import { storageQueueTimedOut } from '../shared/upload-errors.ts'
import { protocolOf } from './payload.ts'
import { createRequestLimiter, type Permits, type RequestLimiter } from './request-limiter.ts'

/** The rest of a client's sockets stays free for what the application itself asks of S3. */
const SHARE_OF_SOCKETS = 0.8

/** https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/node-configuring-maxsockets.html */
const SDK_SOCKETS = 50

const pools = new WeakMap<S3ClientLike, RequestLimiter>()

/**
 * Permits of one upload, out of those of its client. More requests than a client has sockets would wait inside the
 * SDK, in whatever order, and their time would run. While S3 answers nobody, none waits for longer than S3 is given
 * to answer.
 */
export async function permitsOf(client: S3ClientLike, limits: Limits): Promise<Permits> {
  const { concurrency, maxS3Requests, storageTimeout } = limits
  return poolOf(client).share({
    own: concurrency,
    most: maxS3Requests ?? (await defaultMost(client)),
    timeout: storageTimeout,
    timeoutError: () => storageQueueTimedOut(storageTimeout),
  })
}

function poolOf(client: S3ClientLike): RequestLimiter {
  const known = pools.get(client)
  if (known) return known
  const pool = createRequestLimiter()
  pools.set(client, pool)
  return pool
}

async function defaultMost(client: S3ClientLike): Promise<number> {
  const { httpAgent, httpsAgent } =
    (client.config.requestHandler as SocketOwner | undefined)?.httpHandlerConfigs?.() ?? {}
  const { maxSockets = SDK_SOCKETS } = ((await protocolOf(client)) === 'http:' ? httpAgent : httpsAgent) ?? {}
  return Math.max(1, Math.floor(maxSockets * SHARE_OF_SOCKETS))
}

/** Node's handler knows its agents from its first request on; handlers of other kinds may know none. */
interface SocketOwner {
  httpHandlerConfigs?(): { httpAgent?: { maxSockets?: number }; httpsAgent?: { maxSockets?: number } }
}
