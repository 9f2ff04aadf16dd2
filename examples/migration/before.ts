// The routes of an application with multer, multer-s3 and express-validator. after.ts has the same ones with s3-upstream.
import type { S3Client } from '@aws-sdk/client-s3'
import express, { type ErrorRequestHandler, type Express } from 'express'
import { body, validationResult } from 'express-validator'
import multer from 'multer'
import multerS3 from 'multer-s3'

export function before(s3: S3Client): Express {
  const app = express()

  const storage = multerS3({
    s3,
    bucket: 'before',
    contentType: multerS3.AUTO_CONTENT_TYPE,
    key: (_request, file, done) => done(null, `${file.fieldname}/${file.originalname}`),
    metadata: (_request, file, done) => done(null, { field: file.fieldname }),
  })
  const upload = multer({
    storage,
    limits: { fileSize: 5 * 1024 ** 2, files: 10 },
    fileFilter: (_request, file, done) => done(null, file.mimetype.startsWith('image/')),
  })

  app.post('/avatar', upload.single('avatar'), (request, response) => {
    const { key } = request.file as Express.MulterS3.File
    response.status(201).json({ key })
  })

  app.post('/album', upload.array('photos', 5), (request, response) => {
    const files = request.files as Express.MulterS3.File[]
    response.status(201).json({ keys: files.map(({ key }) => key) })
  })

  const profileFields = [
    { name: 'avatar', maxCount: 1 },
    { name: 'photos', maxCount: 8 },
  ]
  app.post('/profile', upload.fields(profileFields), (request, response) => {
    const { avatar = [], photos = [] } = request.files as Record<string, Express.MulterS3.File[]>
    response.status(201).json({ avatar: avatar[0]?.key, photos: photos.map(({ key }) => key) })
  })

  app.post(
    '/titled',
    upload.single('photo'),
    // Too late: the photo is stored, and stays if the title is refused.
    body('title').isLength({ min: 3 }),
    (request, response) => {
      const errors = validationResult(request)
      if (!errors.isEmpty()) return void response.status(422).json({ errors: errors.array() })
      const { key } = request.file as Express.MulterS3.File
      response.status(201).json({ key, title: request.body.title })
    },
  )

  const onError: ErrorRequestHandler = (error, _request, response, next) => {
    if (!(error instanceof multer.MulterError)) return next(error)
    const status = error.code.startsWith('LIMIT_') ? 413 : 400
    response.status(status).json({ code: error.code, field: error.field })
  }
  app.use(onError)

  return app
}
