import { randomUUID } from 'node:crypto'
import { Upload } from '@aws-sdk/lib-storage'
import multipart from '@fastify/multipart'
import fastify from 'fastify'
import { BUCKET, createClient, LIMITS } from './common.js'

/** As in its README: stores one file after the other, and checks each for truncation. */
export async function create(settings) {
  const client = createClient(settings)
  const app = fastify({ requestTimeout: 0 })
  await app.register(multipart, { limits: { ...LIMITS, parts: LIMITS.files + LIMITS.fields } })

  app.post('/upload', async (request, reply) => {
    const files = []
    for await (const part of request.files()) files.push(await store(part))
    return reply.code(201).send({ files })
  })

  async function store({ file, mimetype }) {
    const Key = randomUUID()
    const params = { Bucket: BUCKET, Key, Body: file, ContentType: mimetype }
    const { ETag } = await new Upload({ client, params }).done()
    if (file.truncated) throw new Error('The file is too large.')
    return { key: Key, etag: ETag }
  }

  await app.ready()
  return app.server
}
