import { Agent } from 'node:http'
import type { Limits } from '../shared/limits.ts'
import type { S3ClientLike } from '../shared/types.ts'
import { storageQueueTimedOut } from '../shared/upload-errors.ts'
import { askClient } from './ask-client.ts'
import { protocolOf } from './payload.ts'
import { createRequestLimiter, type Permits, type RequestLimiter } from './request-limiter.ts'

/** The application's own requests use the other sockets of the client. */
const MAX_SOCKET_SHARE = 0.8

/** https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/node-configuring-maxsockets.html */
const SDK_MAX_SOCKETS = 50

const limiters = new WeakMap<S3ClientLike, RequestLimiter>()

/**
 * Returns the permits of one upload, from the limiter of its client. With more requests than sockets, the SDK would
 * queue them in an order of its own while their time runs. If S3 stops responding, queued requests fail after
 * `storageTimeout` instead of waiting forever.
 */
export async function permitsOf(client: S3ClientLike, limits: Limits): Promise<Permits> {
  const { concurrency, maxS3Requests, storageTimeout } = limits
  return limiterOf(client).permitsFor({
    uploadLimit: concurrency,
    totalLimit: maxS3Requests ?? (await askClient(() => defaultTotalLimit(client), storageTimeout)),
    timeout: storageTimeout,
    timeoutError: () => storageQueueTimedOut(storageTimeout),
  })
}

function limiterOf(client: S3ClientLike): RequestLimiter {
  const existing = limiters.get(client)
  if (existing) return existing
  const limiter = createRequestLimiter()
  limiters.set(client, limiter)
  return limiter
}

async function defaultTotalLimit(client: S3ClientLike): Promise<number> {
  const { httpAgent, httpsAgent } =
    (client.config.requestHandler as SocketOwner | undefined)?.httpHandlerConfigs?.() ?? {}
  const agent = (await protocolOf(client)) === 'http:' ? httpAgent : httpsAgent
  // Other agents have this property without limiting anything: https-proxy-agent 5 sets 1.
  const maxSockets = agent instanceof Agent ? agent.maxSockets : SDK_MAX_SOCKETS
  return Math.max(1, Math.floor(maxSockets * MAX_SOCKET_SHARE))
}

/** Node's request handler has its agents from its first request on. Other handlers may have none. */
interface SocketOwner {
  httpHandlerConfigs?(): { httpAgent?: unknown; httpsAgent?: unknown }
}
