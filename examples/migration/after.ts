// The routes of before.ts with s3-upstream.
import type { S3Client } from '@aws-sdk/client-s3'
import express, { type ErrorRequestHandler, type Express } from 'express'
import { byField, UploadError } from 's3-upstream'
import { s3Upload, uploadOf } from 's3-upstream/express'
import { z } from 'zod'

export function after(client: S3Client): Express {
  const app = express()

  const options = {
    client,
    respond: false,
    accept: 'image/*',
    key: ({ field, filename }: { field: string; filename: string }) => `${field}/${filename}`,
    params: ({ field }: { field: string }) => ({ Metadata: { field } }),
    maxFileSize: '5MB',
    maxFiles: 10,
  } as const

  const avatar = s3Upload('after', { ...options, files: { avatar: { required: true, maxCount: 1 } } })
  app.post('/avatar', avatar, (request, response) => {
    const [file] = uploadOf(request, avatar).files
    response.status(201).json({ key: file?.key })
  })

  const album = s3Upload('after', { ...options, files: { photos: { maxCount: 5 } } })
  app.post('/album', album, (request, response) => {
    const { files } = uploadOf(request, album)
    response.status(201).json({ keys: files.map(({ key }) => key) })
  })

  const profile = s3Upload('after', {
    ...options,
    files: { avatar: { maxCount: 1 }, photos: { maxCount: 8 } },
  })
  app.post('/profile', profile, (request, response) => {
    const { avatar = [], photos = [] } = byField(uploadOf(request, profile).files)
    response.status(201).json({ avatar: avatar[0]?.key, photos: photos.map(({ key }) => key) })
  })

  const titled = s3Upload('after', {
    ...options,
    files: { photo: { required: true, maxCount: 1 } },
    // Before anything is visible: the photo is not stored if the title is refused.
    fields: z.object({ title: z.string().min(3) }),
  })
  app.post('/titled', titled, (request, response) => {
    const { files, fields } = uploadOf(request, titled)
    response.status(201).json({ key: files[0]?.key, title: fields.title })
  })

  // Without `respond: false`, the route responds by itself: problem details, and no handler is needed.
  const onError: ErrorRequestHandler = (error, _request, response, next) => {
    if (!(error instanceof UploadError)) return next(error)
    const { status, code, field, issues } = error
    response.status(status).json({ code, field, issues })
  }
  app.use(onError)

  return app
}
