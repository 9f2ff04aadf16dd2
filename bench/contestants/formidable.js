import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { PassThrough } from 'node:stream'
import { Upload } from '@aws-sdk/lib-storage'
import formidable from 'formidable'
import { BUCKET, createClient, created, failed, LIMITS } from './common.js'

/** Uses `fileWriteStreamHandler` to write each file to a PassThrough, which an Upload reads. */
export function create(settings) {
  const client = createClient(settings)

  async function receive(request) {
    const uploads = []
    const form = formidable({
      maxFileSize: LIMITS.fileSize,
      maxTotalFileSize: LIMITS.fileSize,
      maxFiles: LIMITS.files,
      maxFields: LIMITS.fields,
      maxFieldsSize: LIMITS.fields * LIMITS.fieldSize,
      hashAlgorithm: settings.options.hash ?? false,
      fileWriteStreamHandler(file) {
        const body = new PassThrough()
        const upload = store(body, file.mimetype)
        upload.catch(error => body.destroy(error))
        uploads.push(upload)
        return body
      },
    })
    await form.parse(request)
    return Promise.all(uploads)
  }

  async function store(body, mimetype) {
    const Key = randomUUID()
    const params = { Bucket: BUCKET, Key, Body: body, ContentType: mimetype }
    const { ETag } = await new Upload({ client, params }).done()
    return { key: Key, etag: ETag }
  }

  return createServer((request, response) => {
    receive(request).then(
      files => created(response, files),
      error => failed(response, error),
    )
  })
}
