import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { Upload } from '@aws-sdk/lib-storage'
import busboy from 'busboy'
import { BUCKET, createClient, created, failed, LIMITS } from './common.js'

/** What a careful person writes without a library for it: limits kept, every upload awaited, errors answered. */
export function create(settings) {
  const client = createClient(settings)

  function receive(request) {
    return new Promise((resolve, reject) => {
      const uploads = []
      const parser = busboy({ headers: request.headers, limits: LIMITS })
      parser.on('file', (_field, file, { mimeType }) => {
        const upload = store(file, mimeType)
        // What fails while the form is still read is not to be an unhandled rejection.
        upload.catch(reject)
        uploads.push(upload)
      })
      parser.once('error', reject)
      parser.once('close', () => Promise.all(uploads).then(resolve, reject))
      request.once('aborted', () => reject(new Error('The client has gone.')))
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
