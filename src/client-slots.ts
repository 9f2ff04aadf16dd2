import { createSlotPool, type SlotPool, type Slots } from './slots.ts'
import type { S3ClientLike } from './types.ts'

export interface RequestLimits {
  /** Of one upload. */
  concurrency: number
  /** Of all uploads that share a client. */
  maxS3Requests: number | undefined
}

/** The rest of a client's sockets stays free for what the application itself asks of S3. */
const SHARE_OF_SOCKETS = 0.8

/** https://docs.aws.amazon.com/sdk-for-javascript/v3/developer-guide/node-configuring-maxsockets.html */
const SDK_SOCKETS = 50

const pools = new WeakMap<S3ClientLike, SlotPool>()

/**
 * Slots of one upload, out of those of its client. More requests than a client has sockets would wait inside the
 * SDK, in whatever order, and their time would run.
 */
export async function slotsOf(client: S3ClientLike, limits: RequestLimits): Promise<Slots> {
  const pool = pools.get(client) ?? createSlotPool()
  pools.set(client, pool)
  return pool.share(limits.concurrency, limits.maxS3Requests ?? (await defaultMost(client)))
}

async function defaultMost({ config }: S3ClientLike): Promise<number> {
  const { httpAgent, httpsAgent } = (config.requestHandler as SocketOwner).httpHandlerConfigs?.() ?? {}
  // Only an endpoint that was set up can be another one than https.
  const { protocol } = (await config.endpoint?.()) ?? {}
  const { maxSockets = SDK_SOCKETS } = (protocol === 'http:' ? httpAgent : httpsAgent) ?? {}
  return Math.max(1, Math.floor(maxSockets * SHARE_OF_SOCKETS))
}

/** Node's handler knows its agents from its first request on; handlers of other kinds may know none. */
interface SocketOwner {
  httpHandlerConfigs?(): { httpAgent?: { maxSockets?: number }; httpsAgent?: { maxSockets?: number } }
}
