import express from 'express'
import { s3Upload } from 's3-upstream/express'
import { peakRSS } from './peak-rss.ts'

/** Run as a process of its own by test/memory/resident-memory.test.ts. */
const app = express()
app.post('/', s3Upload('uploads', { maxFileSize: '2GB' }))
app.get('/peak', (_request, response) => {
  response.json({ peakRSS: peakRSS() })
})

const server = app.listen(0, '127.0.0.1', () => {
  const address = server.address()
  process.stdout.write(`${typeof address === 'object' ? address?.port : ''}\n`)
})
process.once('SIGTERM', () => {
  server.close()
  server.closeAllConnections()
})
