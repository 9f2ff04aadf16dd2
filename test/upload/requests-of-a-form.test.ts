import { streamToS3 } from 's3-upstream'
import { expect, it } from 'vitest'
import { bytes, MB } from '../support/bytes.ts'
import { filePart, formBody } from '../support/form-body.ts'
import { incoming, slices } from '../support/incoming.ts'
import { BUCKET, useStorage } from '../support/storage.ts'

const s3 = await useStorage()

/** The worked example of docs/architecture.md. */
it('stores a file of 12 MB in three S3 parts and one of 3 KB with a single request', async () => {
  const form = formBody([
    filePart('film', 'film.mp4', bytes(12 * MB), 'video/mp4'),
    filePart('note', 'note.txt', bytes(3 * 1024)),
  ])
  const request = incoming(slices(form, 65_536), { 'content-length': `${form.length}` })
  const { files } = await streamToS3(request, { bucket: BUCKET, client: s3.oneTry })

  const operations = s3.requests.map(({ operation }) => operation)
  expect(operations.slice(0, 4).sort()).toEqual(['CreateMultipartUpload', ...Array(3).fill('UploadPart')])
  expect(operations.slice(4).sort()).toEqual(['CompleteMultipartUpload', 'PutObject'])
  const parts = files.map(({ key }) => s3.objects(BUCKET).find(object => object.key === key)?.parts)
  expect(parts).toEqual([[5 * MB, 5 * MB, 2 * MB], undefined])
  expect(files[0]?.key).toMatch(/^[\da-f-]{36}\.mp4$/)
})
