import { EventEmitter } from 'node:events'
import { Agent, type ClientRequest } from 'node:http'
import { connect } from 'node:net'
import { S3Client } from '@aws-sdk/client-s3'
import { expect, it, onTestFinished } from 'vitest'
import { permitsOf } from '../../src/s3/client-limiter.ts'
import { useStorage } from '../support/storage.ts'

const s3 = await useStorage()
const LIMITS = { concurrency: 1000, maxS3Requests: undefined, storageTimeout: 1000 } as never

/** As agent-base 6 has it, of https-proxy-agent 5: a socket for each request, and properties that limit nothing. */
class ForeignAgent extends EventEmitter {
  maxSockets = 1
  maxFreeSockets = 1
  requests = {}
  sockets = {}
  freeSockets = {}
  addRequest(
    request: ClientRequest & { onSocket(socket: unknown): void },
    { host, port }: { host: string; port: number },
  ) {
    request.onSocket(connect(port, host))
  }
  destroy() {}
}

/** Returns how many permits an upload gets at once from a client that has already sent a request. */
async function permitsWith(httpAgent: object, config = {}): Promise<number> {
  const { endpoint, region, credentials } = s3
  const requestHandler = { httpAgent, httpsAgent: httpAgent } as never
  const client = new S3Client({
    endpoint,
    region,
    credentials,
    forcePathStyle: true,
    requestHandler,
    ...config,
  })
  onTestFinished(() => client.destroy())
  const { ListBucketsCommand } = await import('@aws-sdk/client-s3')
  await client.send(new ListBucketsCommand())
  const permits = await permitsOf(client, LIMITS)
  let granted = 0
  for (let request = 0; request < 200; request++)
    permits.acquire().then(
      () => granted++,
      () => {},
    )
  await new Promise(setImmediate)
  return granted
}

it("allows 4/5 of the sockets of Node's own agent", async () => {
  expect(await permitsWith(new Agent({ maxSockets: 10 }))).toBe(8)
  class ProxyAgent extends Agent {}
  expect(await permitsWith(new ProxyAgent({ maxSockets: 5 }))).toBe(4)
})

it('allows 40 requests with an agent whose maxSockets limits nothing', async () => {
  expect(await permitsWith(new ForeignAgent())).toBe(40)
})

it('rejects with STORAGE_FAILED if the client does not know its endpoint', async () => {
  const client = new S3Client({
    region: 'us-east-1',
    endpoint: async () => {
      throw new Error('no endpoint')
    },
  })
  await expect(permitsOf(client, LIMITS)).rejects.toMatchObject({
    code: 'STORAGE_FAILED',
    message: 'The S3 client cannot be used: Error: no endpoint',
  })
})
