// S3_BUCKET=my-bucket npx tsx examples/koa.ts
// curl -F "file=@photo.jpg" http://127.0.0.1:3000/upload
import type { AddressInfo } from 'node:net'
import Koa from 'koa'
import { s3Upload } from 's3-upstream/koa'

const { HOST = '127.0.0.1', PORT = '3000', S3_BUCKET = 'my-bucket', SHUTDOWN_SECONDS = '30' } = process.env

const deadline = new AbortController()

const app = new Koa()

const upload = s3Upload(S3_BUCKET, {
  accept: ['image/*', 'application/pdf'],
  maxFileSize: '25MB',
  prefix: 'uploads/',
  signal: deadline.signal,
})

// With a router: router.post('/upload', upload)
app.use((ctx, next) => (ctx.path === '/upload' ? upload(ctx, next) : next()))

const server = app.listen(Number(PORT), HOST, () => {
  console.log(`Listening on http://${HOST}:${(server.address() as AddressInfo).port}`)
})
// By default, Node ends every request after 5 minutes. A large file on a slow connection takes longer.
server.requestTimeout = 60 * 60 * 1000

// Running uploads can finish until the deadline. Then they fail with 503, and the library removes what they stored.
process.once('SIGTERM', () => {
  server.close()
  setTimeout(() => deadline.abort(), Number(SHUTDOWN_SECONDS) * 1000).unref()
})
