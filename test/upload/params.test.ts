import { parse } from 'content-disposition'
import { streamToS3 } from 's3-upstream'
import { describe, expect, it } from 'vitest'
import type { ObjectParams } from '../../src/shared/types.ts'
import { bytes, MB } from '../support/bytes.ts'
import { filePart, formBody } from '../support/form-body.ts'
import { incoming } from '../support/incoming.ts'
import { routes, useRunningRoutes } from '../support/routes.ts'
import { post } from '../support/send.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { uploaders } from '../support/uploaders.ts'

const s3 = await useStorage()
const running = useRunningRoutes()

const WRONG: [string, ObjectParams][] = [
  ['Metadata', { Metadata: { name: 'groß' } }],
  ['Tagging', { Tagging: 'name=groß' }],
  ['CacheControl', { CacheControl: 'no-store\r\nx-amz-acl: public-read' }],
]

describe.each(routes)('params with $name', kind => {
  it.each(WRONG)(
    'refuses %s that a header cannot carry, before S3 receives a request',
    async (name, params) => {
      const errors: unknown[] = []
      const onError = (error: unknown) => errors.push(error)
      const route = await kind.open({ bucket: BUCKET, client: s3.oneTry, params: () => params, onError })
      running.push(route)
      const large = filePart('f', 'a.bin', bytes(6 * MB))
      const reply = await post(route.url, formBody([large]))
      expect(reply.status).toBe(500)
      expect(errors).toMatchObject([
        { code: 'HOOK_FAILED', message: expect.stringContaining(`params.${name}`) },
      ])
      expect(s3.requests).toEqual([])
    },
  )
})

it.each(WRONG)('throws TypeError for %s when the options are checked', (name, params) => {
  const call = () => streamToS3(incoming([]), { bucket: BUCKET, params })
  expect(call).toThrow(TypeError)
  expect(call).toThrow(`params.${name}`)
})

describe.each(uploaders)('$name', ({ uploader }) => {
  it.each([10, 5 * MB + 1])('stores the name of a file of %s bytes in ContentDisposition', async size => {
    const params = ({ filename }: { filename: string }) => ({
      ContentDisposition: `attachment; filename="${filename}"`,
    })
    const form = formBody([filePart('f', 'фото, größer.jpg', bytes(size))])
    await streamToS3(incoming([form]), { bucket: BUCKET, client: s3.oneTry, uploader, params })
    const [object] = s3.objects(BUCKET)
    const header = object?.headers['content-disposition'] ?? ''
    expect(header).toMatch(/^[\x20-\x7e]+$/)
    expect(parse(header).parameters.filename).toBe('фото, größer.jpg')
  })

  it('stores a file in parts with a checksum of the whole object', async () => {
    const params = { ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' } as const
    const form = formBody([filePart('f', 'a.bin', bytes(5 * MB + 1))])
    const { files } = await streamToS3(incoming([form]), {
      bucket: BUCKET,
      client: s3.oneTry,
      uploader,
      params,
    })
    expect(files[0]?.checksums?.crc32).toMatch(/^[^-]+$/)
  })

  it('leaves nothing if the hook refuses the second file', async () => {
    const params = ({ filename }: { filename: string }) => ({ Metadata: { filename } })
    const form = formBody([filePart('f', 'a.bin', bytes(6 * MB)), filePart('f', 'ö.bin', 'x')])
    const outcome = streamToS3(incoming([form]), { bucket: BUCKET, client: s3.oneTry, uploader, params })
    await expect(outcome).rejects.toThrow(/params\.Metadata\['filename'\] must be ASCII/)
    expectNothingLeft(s3)
  })
})
