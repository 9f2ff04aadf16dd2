import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import express from 'express'
import multer from 'multer'
import multerS3 from 'multer-s3'
import { BUCKET, createClient, created, failed, LIMITS } from './common.js'

/** As in its README, with limits. `types` looks at the first bytes of each file. */
export function create(settings) {
  const contentType = settings.options.types
    ? multerS3.AUTO_CONTENT_TYPE
    : (_request, file, done) => done(null, file.mimetype)
  const upload = multer({
    limits: LIMITS,
    storage: multerS3({
      s3: createClient(settings),
      bucket: BUCKET,
      contentType,
      key: (_request, _file, done) => done(null, randomUUID()),
    }),
  })
  const app = express()
  app.post('/upload', upload.array('file', LIMITS.files), (request, response) => {
    created(
      response,
      request.files.map(({ key, size, etag }) => ({ key, size, etag })),
    )
  })
  app.use((error, _request, response, _next) => failed(response, error))
  return createServer(app)
}
