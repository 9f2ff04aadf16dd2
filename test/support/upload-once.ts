import { streamToS3, type UploadError } from 's3-upstream'
import { filePart, formBody } from './form-body.ts'
import { incoming } from './incoming.ts'

/** Uploads with the default client, and prints the error. Run by test/s3/first-contact.test.ts. */
try {
  await streamToS3(incoming([formBody([filePart('f', 'a.txt', 'hello')])]), { bucket: 'uploads' })
} catch (error) {
  const { code, message } = error as UploadError
  process.stdout.write(`${code} ${message}\n`)
}
