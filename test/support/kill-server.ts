import express from 'express'
import { s3Upload } from 's3-upstream/express'
import { uploaders } from './uploaders.ts'

/** Run as a process of its own, and killed, by test/abort-stale-uploads/killed-server.test.ts. */
const { uploader } = uploaders.find(({ name }) => name === process.env.UPLOADER) ?? {}
const app = express()
app.post('/', s3Upload('uploads', { uploader }))

const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`Listening on http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}\n`)
})
