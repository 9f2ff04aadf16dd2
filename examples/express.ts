// S3_BUCKET=my-bucket npx tsx examples/express.ts
// curl -F "file=@photo.jpg" http://127.0.0.1:3000/upload
import type { AddressInfo } from 'node:net'
import express from 'express'
import { s3Upload } from 's3-upstream/express'

const { HOST = '127.0.0.1', PORT = '3000', S3_BUCKET = 'my-bucket', SHUTDOWN_SECONDS = '30' } = process.env

const deadline = new AbortController()

const app = express()

app.post(
  '/upload',
  s3Upload(S3_BUCKET, {
    accept: ['image/*', 'application/pdf'],
    maxFileSize: '25MB',
    prefix: 'uploads/',
    signal: deadline.signal,
  }),
)

const server = app.listen(Number(PORT), HOST, error => {
  if (error) throw error
  console.log(`Listening on http://${HOST}:${(server.address() as AddressInfo).port}`)
})
// By default, Node ends every request after 5 minutes. A large file on a slow connection takes longer.
server.requestTimeout = 60 * 60 * 1000

// Running uploads can finish until the deadline. Then they fail with 503, and the library removes what they stored.
process.once('SIGTERM', () => {
  server.close()
  setTimeout(() => deadline.abort(), Number(SHUTDOWN_SECONDS) * 1000).unref()
})
