import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import express, { type ErrorRequestHandler, type Express } from 'express'
import { s3Upload } from 's3-upstream/express'
import { files, PREFIX, withFilename } from './files.ts'
import { openStorage, type Storage } from './storage.ts'

const { HOST = '127.0.0.1', PORT = '3000' } = process.env
const PAGE = fileURLToPath(new URL('./page.html', import.meta.url))

/** Aborted when the demo ends: uploads in flight are then answered with 503 and leave nothing behind. */
const ending = new AbortController()

function createApp(storage: Storage): Express {
  const app = express()
  app.get('/', (_request, response) => response.sendFile(PAGE))
  app.post(
    '/upload',
    s3Upload(storage.bucket, {
      client: storage.client,
      prefix: PREFIX,
      params: withFilename,
      accept: ['image/*', 'text/*', 'application/pdf'],
      maxFileSize: '10MB',
      maxFiles: 5,
      signal: ending.signal,
      onError: error => console.error(String(error)),
    }),
  )
  app.use('/files', files(storage))
  app.use(answerError)
  return app
}

/** For the listing and the files; the upload answers by itself. */
const answerError: ErrorRequestHandler = (error, _request, response, next) => {
  console.error(error)
  if (response.headersSent) return next(error)
  response
    .status(502)
    .json({ title: 'The storage cannot be read', detail: `${error.name}: ${error.message}` })
}

async function listen(server: Server): Promise<string | undefined> {
  try {
    server.listen(Number(PORT), HOST)
    await once(server, 'listening')
    return `http://${HOST}:${(server.address() as AddressInfo).port}`
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    console.error(`Port ${PORT} is in use. Choose another one: PORT=${Number(PORT) + 1} npm run demo`)
    process.exitCode = 1
  }
}

function printWhatToTry(url: string, { description }: Storage): void {
  console.log(`Listening on ${url}
Storage: ${description}

Open ${url} in a browser, or try in another terminal:

  a file that is stored:
    curl -F "file=@package.json;type=text/plain" ${url}/upload
  a type that is refused:
    curl -F "file=@package.json;type=application/zip" ${url}/upload
  11 MB, refused as too large:
    head -c 11534336 /dev/zero | curl -F "file=@-;filename=large.png;type=image/png" ${url}/upload
  what is stored:
    curl ${url}/files

Ctrl+C ends it.`)
}

const storage = await openStorage()
const server = createServer(createApp(storage))
const url = await listen(server)
if (url) printWhatToTry(url, storage)
else await storage.close()

async function end() {
  ending.abort()
  server.close()
  // Browsers keep connections open that they may never use.
  setTimeout(() => server.closeAllConnections(), 1000).unref()
  await once(server, 'close')
  await storage.close()
}
process.once('SIGINT', end).once('SIGTERM', end)
