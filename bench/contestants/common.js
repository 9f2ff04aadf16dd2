import http from 'node:http'
import https from 'node:https'
import { S3Client } from '@aws-sdk/client-s3'

export const BUCKET = 'uploads'

/** What a careful person would set, and the same for everyone; the largest file here is of 5 GB. */
export const LIMITS = {
  fileSize: 6 * 1024 ** 3,
  files: 10,
  fields: 100,
  fieldSize: 64 * 1024,
  fieldNameSize: 100,
}

/** The SDK's default, said aloud: it bounds how many requests to storage a server has in flight. */
const MAX_SOCKETS = 50

/**
 * The same client for everyone. Its agents are made here, for then the SDK keeps their connections. From agents
 * of its own it takes a new connection, with a new TLS handshake, for every body above 2 MiB, because it sends
 * those with `Expect: 100-continue`; `defaultAgents` shows what that costs.
 */
export function createClient({ endpoint, ca, options = {} }) {
  const agent = { keepAlive: true, maxSockets: MAX_SOCKETS }
  return new S3Client({
    endpoint,
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'bench', secretAccessKey: 'bench' },
    ...(!options.defaultAgents && {
      requestHandler: { httpAgent: new http.Agent(agent), httpsAgent: new https.Agent({ ...agent, ca }) },
    }),
  })
}

/** The shortest answer that says what was stored. */
export function created(response, files) {
  response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ files }))
}

/** Errors are reported in full: the run shows them. */
export function failed(response, error) {
  if (response.headersSent) return response.destroy()
  response
    .writeHead(500, { 'content-type': 'text/plain', connection: 'close' })
    .end(String(error?.stack ?? error))
}
