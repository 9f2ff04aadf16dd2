import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseArgs } from 'node:util'
import { Activity } from './activity.ts'
import { createRoutes } from './routes.ts'
import { createExpressServer } from './servers/express.ts'
import { createHttpServer } from './servers/http.ts'
import { createKoaServer } from './servers/koa.ts'
import { createSite } from './site.ts'
import { openStorage, type Storage } from './storage.ts'

const SERVERS = {
  express: { name: 'Express', create: createExpressServer },
  koa: { name: 'Koa', create: createKoaServer },
  http: { name: 'node:http', create: createHttpServer },
}

const { HOST = '127.0.0.1', PORT = '3000' } = process.env

/** Aborted when the demo ends. Running uploads then fail with 503 and leave nothing in S3. */
const ending = new AbortController()

/** `npm run demo -- --server koa` */
function chosenServer(): (typeof SERVERS)[keyof typeof SERVERS] | undefined {
  const { server } = parseArgs({ options: { server: { type: 'string', default: 'express' } } }).values
  if (Object.hasOwn(SERVERS, server)) return SERVERS[server as keyof typeof SERVERS]
  console.error(`Unknown server "${server}". Use one of: ${Object.keys(SERVERS).join(', ')}.`)
  process.exitCode = 1
}

async function start({ name, create }: (typeof SERVERS)[keyof typeof SERVERS]): Promise<void> {
  const storage = await openStorage()
  const activity = new Activity(name)
  const server = create(createRoutes(storage, activity, ending.signal), createSite(storage, activity))
  // By default, Node ends every request after 5 minutes. A large file on a slow connection takes longer.
  server.requestTimeout = 60 * 60 * 1000

  async function end() {
    ending.abort()
    server.close()
    activity.close()
    // Browsers keep idle connections open.
    setTimeout(() => server.closeAllConnections(), 1000).unref()
    await once(server, 'close')
    await storage.close()
  }
  process.once('SIGINT', end).once('SIGTERM', end)

  const url = await listen(server)
  if (url) printWhatToTry(url, name, storage)
  else await storage.close()
}

async function listen(server: Server): Promise<string | undefined> {
  try {
    server.listen(Number(PORT), HOST)
    await once(server, 'listening')
    return `http://${HOST}:${(server.address() as AddressInfo).port}`
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    console.error(`Port ${PORT} is in use. Use another port: PORT=${Number(PORT) + 1} npm run demo`)
    process.exitCode = 1
  }
}

function printWhatToTry(url: string, name: string, { description }: Storage): void {
  console.log(`Listening on ${url}
Server:  ${name} (npm run demo -- --server ${Object.keys(SERVERS).join('|')})
Storage: ${description}

Open ${url} in a browser, or run these commands in another terminal:

  store a file:
    curl -F "file=@LICENSE" ${url}/upload
  send a type that the server rejects:
    curl -F "file=@package.json" ${url}/upload
  send 11 MB, which the server rejects as too large:
    head -c 11534336 /dev/zero | tr '\\0' a | curl -F "file=@-;filename=large.txt" ${url}/upload
  send 2 GB, while the page shows the server's memory:
    dd if=/dev/zero of=video.mp4 bs=1 count=0 seek=2147483648 && curl -F "file=@video.mp4" ${url}/upload/anything; rm video.mp4
  list the stored files:
    curl ${url}/files

Press Ctrl+C to stop.`)
}

const chosen = chosenServer()
if (chosen) await start(chosen)
