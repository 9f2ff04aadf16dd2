// S3_BUCKET=my-bucket DATABASE_URL=postgres://… npx tsx examples/postgres/server.ts
// curl -F "title=Report" -F "document=@report.pdf" http://127.0.0.1:3000/documents
// Without DATABASE_URL, it uses PGlite: PostgreSQL inside of this process, in memory.
import type { AddressInfo } from 'node:net'
import { PGlite } from '@electric-sql/pglite'
import express from 'express'
import pg from 'pg'
import { s3Upload } from 's3-upstream/express'
import { z } from 'zod'
import { saveDocument, TABLES } from './documents.ts'
import { connectTo } from './pool.ts'
import type { Connect } from './transaction.ts'

const { HOST = '127.0.0.1', PORT = '3000', S3_BUCKET = 'my-bucket', DATABASE_URL } = process.env

const connect = DATABASE_URL ? await openPostgres(DATABASE_URL) : await openPGlite()

async function openPostgres(connectionString: string): Promise<Connect> {
  // onStored has no time limit, so its queries need one.
  const pool = new pg.Pool({ connectionString, query_timeout: 10_000, connectionTimeoutMillis: 5000 })
  await pool.query(TABLES)
  return connectTo(pool)
}

async function openPGlite(): Promise<Connect> {
  const database = await PGlite.create()
  await database.exec(TABLES)
  return async () => ({ query: (sql, parameters) => database.query(sql, parameters), release() {} })
}

const app = express()
app.post(
  '/documents',
  s3Upload(S3_BUCKET, {
    files: { document: { required: true, maxCount: 5, accept: ['application/pdf', '.docx', 'text/plain'] } },
    fields: z.object({ title: z.string().min(3).max(200) }),
    fieldsFirst: true,
    digest: 'sha256',
    prefix: 'documents/',
    onStored: result => saveDocument(connect, result),
  }),
)

const server = app.listen(Number(PORT), HOST, error => {
  if (error) throw error
  console.log(`Listening on http://${HOST}:${(server.address() as AddressInfo).port}`)
})

process.once('SIGTERM', () => server.close())
