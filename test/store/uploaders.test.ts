import { createHash } from 'node:crypto'
import {
  type GetObjectCommandOutput,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { streamToS3, type UploadError, type UploadedFile } from 's3-upstream'
import { describe, expect, it } from 'vitest'
import type { StreamToS3Options } from '../../src/options/options.ts'
import { bytes, MB, sha256 } from '../support/bytes.ts'
import { filePart, formBody } from '../support/form-body.ts'
import { incoming, slices } from '../support/incoming.ts'
import { useStore } from '../support/store.ts'
import { uploaders } from '../support/uploaders.ts'

const store = await useStore()
const { client, sent } = store.connect()
const PART = 5 * MB

describe.each(uploaders)('the $name', ({ uploader }) => {
  function upload(bodies: Buffer[], options: Partial<StreamToS3Options> = {}) {
    sent.length = 0
    const form = formBody(bodies.map((body, index) => filePart(`f${index}`, `f${index}.bin`, body)))
    return streamToS3(incoming(slices(form, 65_536)), {
      bucket: store.bucket,
      client,
      uploader,
      key: ({ field }) => field,
      ...options,
    })
  }

  async function expectStored(file: UploadedFile | undefined, body: Buffer): Promise<void> {
    const object = await store.read(file?.key ?? '')
    expect(file).toMatchObject({ size: body.length, etag: object.ETag?.replaceAll('"', '') })
    expect(file?.etag).toMatch(/^[0-9a-f]{32}(-\d+)?$/)
    expect(file?.checksums).toEqual(checksumsOf(object))
    expect(sha256(object.body)).toBe(sha256(body))
  }

  it.each([
    { what: 'no byte', size: 0, parts: 0 },
    { what: 'one byte', size: 1, parts: 0 },
    { what: 'one part less one byte', size: PART - 1, parts: 0 },
    { what: 'exactly one part', size: PART, parts: 0 },
    { what: 'one part and one byte', size: PART + 1, parts: 2 },
    { what: 'exactly two parts', size: 2 * PART, parts: 2 },
    { what: 'five and a half parts', size: 5.5 * PART, parts: 6 },
  ])('stores a file of $what', async ({ size, parts }) => {
    const body = bytes(size)
    const { files } = await upload([body])
    await expectStored(files[0], body)
    expect(sent.filter(operation => operation === 'UploadPart')).toHaveLength(parts)
    expect(files[0]?.etag.endsWith(`-${parts}`)).toBe(parts > 0)
    expect(await store.uploads()).toEqual([])
  })

  it.each<S3ClientConfig>([
    { requestChecksumCalculation: 'WHEN_SUPPORTED' },
    { requestChecksumCalculation: 'WHEN_REQUIRED' },
  ])('stores with $requestChecksumCalculation checksums', async config => {
    const bodies = [bytes(1000), bytes(PART + 1)]
    const { files } = await upload(bodies, { client: store.connect(config).client })
    for (const [index, body] of bodies.entries()) await expectStored(files[index], body)
  })

  it.each(['CRC32C', 'SHA256'] as const)('stores with checksums by %s', async ChecksumAlgorithm => {
    const bodies = [bytes(1000), bytes(PART + 1)]
    const { files } = await upload(bodies, { params: { ChecksumAlgorithm } })
    for (const [index, body] of bodies.entries()) await expectStored(files[index], body)
  })

  it('stores metadata and content headers, of files small and large', async () => {
    const params = {
      ContentType: 'text/x-test; charset=utf-8',
      CacheControl: 'private, max-age=60',
      ContentDisposition: 'attachment; filename="a b.txt"',
      ContentLanguage: 'de',
      Metadata: { owner: 'ada', 'two-words': 'x y' },
    }
    const { files } = await upload([bytes(10), bytes(PART + 1)], { params })
    for (const { key } of files) expect(await store.read(key)).toMatchObject(params)
  })

  it.each(['写真 "夏" & 100%+.jpg', 'a/b c/d?e#f', "it's (1)!*", 'ü'.repeat(512)])(
    'stores under the key %j',
    async key => {
      const bodies = [bytes(10), bytes(PART + 1)]
      for (const body of bodies) {
        const { files } = await upload([body], { key: () => key })
        expect(files[0]?.key).toBe(key)
        await expectStored(files[0], body)
      }
      expect((await store.versions()).map(({ key }) => key)).toEqual([key])
    },
  )

  it('leaves nothing when it is cancelled while it stages', async () => {
    const controller = new AbortController()
    const cancelled = upload([bytes(10), bytes(3 * PART)], {
      signal: controller.signal,
      onProgress: ({ stored }) => {
        if (stored > 0) controller.abort()
      },
    })
    await expect(cancelled).rejects.toMatchObject({ code: 'CANCELLED', status: 503, leftovers: [] })
    expect(sent).toContain('AbortMultipartUpload')
    expect(sent).not.toContain('PutObject')
    await store.expectNothingLeft()
  })

  describe('when the second file cannot be committed', () => {
    /** The store itself refuses it, as damaged, and not before it has confirmed the first one. */
    async function commitHalf(size: number): Promise<{ sent: string[]; leftovers: string[] }> {
      const { client, sent } = store.connect()
      let confirm = () => {}
      const confirmed = new Promise<void>(resolve => {
        confirm = resolve
      })
      client.middlewareStack.add(
        (next, { commandName = '' }) =>
          async args => {
            if (!/^(PutObject|CompleteMultipartUpload)Command$/.test(commandName)) return next(args)
            const isSecond = (args.input as PutObjectCommandInput).Key === 'f1'
            if (isSecond) await confirmed
            const answer = await next(
              isSecond ? { ...args, input: { ...args.input, ContentMD5: md5('other bytes') } } : args,
            )
            confirm()
            return answer
          },
        { step: 'initialize' },
      )
      const error: UploadError = await upload([bytes(size), bytes(10)], { client }).then(
        () => expect.unreachable('The upload succeeded'),
        error => error,
      )
      expect(error).toMatchObject({
        code: 'STORAGE_FAILED',
        cause: { name: 'BadDigest', $metadata: { httpStatusCode: 400 } },
      })
      return { sent, leftovers: error.leftovers.map(({ key }) => key) }
    }

    const sizes = [
      ['small', 10],
      ['large', 2 * PART],
    ] as const

    it.each(sizes)('removes the %s one, or names it if the store ignores If-Match', async (_, size) => {
      const { leftovers } = await commitHalf(size)
      expect((await store.versions()).map(({ key }) => key)).toEqual(leftovers)
      expect(await store.uploads()).toEqual([])
      if (store.name === 'embedded') expect(leftovers).toEqual([])
    })

    it.each(sizes)('removes that version of a %s one, and no older one', async (_, size) => {
      const Bucket = store.bucket
      await enableVersioning()
      const older = []
      for (const Key of ['f0', 'f1']) {
        const { VersionId } = await store.client.send(new PutObjectCommand({ Bucket, Key, Body: 'older' }))
        older.push({ key: Key, versionId: VersionId, isDeleteMarker: false })
      }
      const { sent, leftovers } = await commitHalf(size)
      expect(sent).toContain('DeleteObject')
      expect(leftovers).toEqual([])
      expect(await store.versions()).toEqual(older)
      expect((await store.read('f0')).body.toString()).toBe('older')
      expect(await store.uploads()).toEqual([])
    })
  })

  it('tells the version of what it stores', async () => {
    await enableVersioning()
    const { files } = await upload([bytes(10), bytes(PART + 1)])
    expect(files.map(({ key, versionId }) => ({ key, versionId, isDeleteMarker: false }))).toEqual(
      await store.versions(),
    )
    expect(files.every(({ versionId }) => versionId)).toBe(true)
  })

  it.each([10, PART + 1])("with ifExists: 'fail', replaces nothing with %i bytes", async size => {
    for (const versioned of [false, true]) {
      if (versioned) await enableVersioning()
      const key = `taken-${versioned}`
      await store.client.send(new PutObjectCommand({ Bucket: store.bucket, Key: key, Body: 'older' }))
      const before = await store.versions()
      const refused = upload([bytes(size)], { key: () => key, ifExists: 'fail' })
      await expect(refused).rejects.toMatchObject({ code: 'ALREADY_EXISTS', status: 409, leftovers: [] })
      expect(await store.versions()).toEqual(before)
      expect(await store.uploads()).toEqual([])
    }
  })

  it('says what the store said when it refuses, and leaves nothing', async () => {
    for (const bodies of [[bytes(10)], [bytes(10), bytes(PART + 1)]]) {
      const refused = upload(bodies, { bucket: 's3-upstream-there-is-no-such-bucket' })
      await expect(refused).rejects.toMatchObject({
        code: 'STORAGE_FAILED',
        status: 502,
        message: expect.stringContaining('NoSuchBucket (404)'),
        leftovers: [],
      })
    }
  })
})

async function enableVersioning(): Promise<void> {
  const VersioningConfiguration = { Status: 'Enabled' as const }
  await store.client.send(new PutBucketVersioningCommand({ Bucket: store.bucket, VersioningConfiguration }))
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('base64')
}

/** As our result has them. */
function checksumsOf(object: Partial<GetObjectCommandOutput>) {
  const checksums = Object.fromEntries(
    Object.entries({
      crc32: object.ChecksumCRC32,
      crc32c: object.ChecksumCRC32C,
      crc64nvme: object.ChecksumCRC64NVME,
      sha1: object.ChecksumSHA1,
      sha256: object.ChecksumSHA256,
    }).filter(([, value]) => value !== undefined),
  )
  return Object.keys(checksums).length > 0 ? checksums : undefined
}
