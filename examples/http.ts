// S3_BUCKET=my-bucket npx tsx examples/http.ts
// curl -F "file=@photo.jpg" http://127.0.0.1:3000/
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { s3Upload } from 's3-upstream/http'

const { HOST = '127.0.0.1', PORT = '3000', S3_BUCKET = 'my-bucket', SHUTDOWN_SECONDS = '30' } = process.env

const deadline = new AbortController()

const upload = s3Upload(S3_BUCKET, {
  accept: ['image/*', 'application/pdf'],
  maxFileSize: '25MB',
  prefix: 'uploads/',
  signal: deadline.signal,
})

// Node ends every request after five minutes; a large file over a slow line takes longer.
const server = createServer({ requestTimeout: 60 * 60 * 1000 }, upload)

// A client that asks first (`Expect: 100-continue`) is told of a refusal before it has sent anything.
server.on('checkContinue', upload)

server.listen(Number(PORT), HOST, () => {
  console.log(`Listening on http://${HOST}:${(server.address() as AddressInfo).port}`)
})

// What is in flight may finish, up to a deadline; then it is ended with 503, and its traces removed.
process.once('SIGTERM', () => {
  server.close()
  setTimeout(() => deadline.abort(), Number(SHUTDOWN_SECONDS) * 1000).unref()
})
