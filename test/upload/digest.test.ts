import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { S3UploadOptions } from '../../src/options/options.ts'
import { DIGEST_ALGORITHMS } from '../../src/shared/types.ts'
import { bytes, MB } from '../support/bytes.ts'
import { filePart, formBody } from '../support/form-body.ts'
import { slices } from '../support/incoming.ts'
import { type RouteKind, routes, useRunningRoutes } from '../support/routes.ts'
import { postChunks } from '../support/send.ts'
import { BUCKET, useStorage } from '../support/storage.ts'
import { uploaders } from '../support/uploaders.ts'

const s3 = await useStorage()
const running = useRunningRoutes()
const http = routes.find(({ name }) => name === 'node:http') as RouteKind

const hex = (algorithm: string, content: Buffer) => createHash(algorithm).update(content).digest('hex')

describe.each(uploaders)('digest, with the $name', ({ uploader }) => {
  async function send(options: Partial<S3UploadOptions>, files: Buffer[], chunkSize: number) {
    const route = await http.open({ bucket: BUCKET, client: s3.oneTry, uploader, ...options })
    running.push(route)
    const body = formBody(files.map((file, index) => filePart('f', `${index}`, file)))
    return postChunks(route.url, slices(body, chunkSize))
  }

  it.each([1, 1000, 100_000])('is of each whole file, in chunks of %i bytes', async chunkSize => {
    const files = [Buffer.alloc(0), Buffer.from('x'), bytes(4100), bytes(chunkSize < 1000 ? 10 : 11 * MB)]
    const digest = ['sha256', 'md5', 'sha256'] as const
    const seen: unknown[] = []
    const validate: S3UploadOptions['validate'] = form =>
      void seen.push(...form.files.map(file => file.digests))
    const { status, json } = await send({ digest, validate, detect: true }, files, chunkSize)
    expect(status).toBe(201)
    const expected = files.map(file => ({ sha256: hex('sha256', file), md5: hex('md5', file) }))
    expect(json.files.map(({ digests }: { digests: object }) => digests)).toEqual(expected)
    expect(seen).toEqual(expected)
  })

  it.each(DIGEST_ALGORITHMS)('can be %s', async digest => {
    const { json } = await send({ digest }, [bytes(1000)], 1000)
    expect(json.files[0].digests).toEqual({ [digest]: hex(digest, bytes(1000)) })
  })

  it('is absent without the option', async () => {
    const { json } = await send({}, [bytes(1000)], 1000)
    expect(json.files[0]).not.toHaveProperty('digests')
  })
})
