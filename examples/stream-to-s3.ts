// S3_BUCKET=my-bucket npx tsx examples/stream-to-s3.ts
// curl -F "file=@photo.jpg" http://127.0.0.1:3000/upload
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { streamToS3, UploadError } from 's3-upstream'

const { HOST = '127.0.0.1', PORT = '3000', S3_BUCKET = 'my-bucket', SHUTDOWN_SECONDS = '30' } = process.env

const deadline = new AbortController()

// By default, Node ends every request after 5 minutes. A large file on a slow connection takes longer.
const server = createServer({ requestTimeout: 60 * 60 * 1000 }, async (request, response) => {
  if (request.method !== 'POST' || request.url !== '/upload') {
    return answer(response, 404, { message: 'Not found' })
  }
  try {
    const { files } = await streamToS3(request, {
      bucket: S3_BUCKET,
      maxFileSize: '25MB',
      maxFiles: 3,
      signal: deadline.signal,
    })
    answer(response, 201, { stored: files.map(({ key, size }) => ({ key, size })) })
  } catch (error) {
    answerError(response, error)
  }
})

function answerError(response: ServerResponse, error: unknown): void {
  const { status, code, message } =
    error instanceof UploadError ? error : { status: 500, code: 'INTERNAL', message: '' }
  if (status >= 500) console.error(error)
  answer(response, status, { code, message: status < 500 ? message : 'Please try again later.' })
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}

server.listen(Number(PORT), HOST, () => {
  console.log(`Listening on http://${HOST}:${(server.address() as AddressInfo).port}`)
})

// Running uploads can finish until the deadline. Then they fail with 503, and the library removes what they stored.
process.once('SIGTERM', () => {
  server.close()
  setTimeout(() => deadline.abort(), Number(SHUTDOWN_SECONDS) * 1000).unref()
})
