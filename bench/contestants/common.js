import http from 'node:http'
import https from 'node:https'
import { S3Client } from '@aws-sdk/client-s3'

export const BUCKET = 'uploads'

/** The same limits for every contestant. The largest file is 5 GB. */
export const LIMITS = {
  fileSize: 6 * 1024 ** 3,
  files: 10,
  fields: 100,
  fieldSize: 64 * 1024,
  fieldNameSize: 100,
}

/** The default of the SDK, made explicit. It limits the requests to storage that a server has in flight. */
const MAX_SOCKETS = 50

/**
 * Creates the same client for every contestant. With agents from the user, the SDK reuses their connections. With its
 * own agents, it opens a new connection with a new TLS handshake for every body over 2 MiB, because it sends these with
 * `Expect: 100-continue`. The option `defaultAgents` measures that cost.
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

/** Responds with a minimal list of the stored files. */
export function created(response, files) {
  response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify({ files }))
}

/** Responds with the full error, which the run prints. */
export function failed(response, error) {
  if (response.headersSent) return response.destroy()
  response
    .writeHead(500, { 'content-type': 'text/plain', connection: 'close' })
    .end(String(error?.stack ?? error))
}
