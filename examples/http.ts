// S3_BUCKET=my-bucket npx tsx examples/http.ts
// curl -F "file=@photo.jpg" http://127.0.0.1:3000/
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { s3Upload } from 's3-upstream/http'

const { HOST = '127.0.0.1', PORT = '3000', S3_BUCKET = 'my-bucket' } = process.env

const upload = s3Upload(S3_BUCKET, {
  accept: ['image/*', 'application/pdf'],
  maxFileSize: '25MB',
  prefix: 'uploads/',
})

// Node ends every request after five minutes; a large file over a slow line takes longer.
const server = createServer({ requestTimeout: 60 * 60 * 1000 }, upload)

server.listen(Number(PORT), HOST, () => {
  console.log(`Listening on http://${HOST}:${(server.address() as AddressInfo).port}`)
})

process.once('SIGTERM', () => server.close())
