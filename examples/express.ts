// S3_BUCKET=my-bucket npx tsx examples/express.ts
// curl -F "file=@photo.jpg" http://127.0.0.1:3000/upload
import type { AddressInfo } from 'node:net'
import express from 'express'
import { s3Upload } from 's3-upstream/express'

const { HOST = '127.0.0.1', PORT = '3000', S3_BUCKET = 'my-bucket' } = process.env

const app = express()

app.post(
  '/upload',
  s3Upload(S3_BUCKET, {
    accept: ['image/*', 'application/pdf'],
    maxFileSize: '25MB',
    prefix: 'uploads/',
  }),
)

const server = app.listen(Number(PORT), HOST, error => {
  if (error) throw error
  console.log(`Listening on http://${HOST}:${(server.address() as AddressInfo).port}`)
})
// Node ends every request after five minutes; a large file over a slow line takes longer.
server.requestTimeout = 60 * 60 * 1000

process.once('SIGTERM', () => server.close())
