// S3_BUCKET=my-bucket npx tsx examples/express-own-answer.ts
// curl -F "album=holiday" -F "photo=@photo.jpg" http://127.0.0.1:3000/photos
import { randomUUID } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import { UploadError } from 's3-upstream'
import { type ExpressUploadContext, s3Upload } from 's3-upstream/express'

const { HOST = '127.0.0.1', PORT = '3000', S3_BUCKET = 'my-bucket' } = process.env
const ALBUMS = ['holiday', 'work']

/** Builds the key. Client input becomes part of it only after a check. */
function photoKey({ fields }: ExpressUploadContext): string {
  // `fields` has only the fields that precede the file in the form.
  const album = ALBUMS.find(name => name === fields.album)
  if (!album) {
    throw new UploadError('REFUSED', `album must precede the file and be one of ${ALBUMS.join(', ')}.`)
  }
  return `${album}/${randomUUID()}`
}

const upload = s3Upload(S3_BUCKET, {
  respond: false,
  accept: 'image/*',
  key: (_file, context) => photoKey(context),
})

const answer: RequestHandler = (request, response) => {
  const photos = request.upload?.files.map(({ key, filename, size }) => ({ id: key, filename, size }))
  response.status(201).json({ photos })
}

const answerError: ErrorRequestHandler = (error, _request, response, _next) => {
  const { status = 500, code = 'INTERNAL', message } = error
  if (status >= 500) console.error(error)
  response.status(status).json({ error: code, message: status < 500 ? message : 'Please try again later.' })
}

const app = express()
app.post('/photos', upload, answer)
app.use(answerError)

const server = app.listen(Number(PORT), HOST, error => {
  if (error) throw error
  console.log(`Listening on http://${HOST}:${(server.address() as AddressInfo).port}`)
})
// By default, Node ends every request after 5 minutes. A large file on a slow connection takes longer.
server.requestTimeout = 60 * 60 * 1000

process.once('SIGTERM', () => server.close())
