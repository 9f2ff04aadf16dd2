import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { Upload } from '@aws-sdk/lib-storage'
import busboy from 'busboy'
import { BUCKET, createClient, created, failed, LIMITS } from './common.js'

/** A careful implementation by hand: enforces the limits, awaits every upload and responds to errors. */
export function create(settings) {
  const client = createClient(settings)

  function receive(request) {
    return new Promise((resolve, reject) => {
      const uploads = []
      const parser = busboy({ headers: request.headers, limits: LIMITS })
      parser.on('file', (_field, file, { mimeType }) => {
        const upload = store(file, mimeType)
        // Prevents an unhandled rejection if the upload fails while the form is still being read.
        upload.catch(reject)
        uploads.push(upload)
      })
      parser.once('error', reject)
      parser.once('close', () => Promise.all(uploads).then(resolve, reject))
      request.once('aborted', () => reject(new Error('The client disconnected.')))
      request.pipe(parser)
    })
  }

  async function store(file, mimeType) {
    const Key = randomUUID()
    const params = { Bucket: BUCKET, Key, Body: file, ContentType: mimeType }
    const upload = new Upload({ client, params })
    file.once('limit', () => upload.abort())
    const { ETag } = await upload.done()
    return { key: Key, etag: ETag }
  }

  return createServer((request, response) => {
    receive(request).then(
      files => created(response, files),
      error => failed(response, error),
    )
  })
}
