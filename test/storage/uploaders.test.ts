import { PutBucketVersioningCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { streamToS3, UploadError, type UploadProgress } from 's3-upstream'
import type { S3Operation } from 's3-upstream/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { StreamToS3Options } from '../../src/options/options.ts'
import { bytes, MB, sha256 } from '../support/bytes.ts'
import { damageBodies, forgetETag, hold } from '../support/faults.ts'
import { filePart, formBody } from '../support/form-body.ts'
import { incoming, slices } from '../support/incoming.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { until } from '../support/until.ts'
import { uploaders } from '../support/uploaders.ts'

const s3 = await useStorage()
const PART = 5 * MB

/** The contract of `Uploader`, kept through the one door to S3. */
describe.each(uploaders)('the $name', ({ uploader }) => {
  function upload(body: Buffer, options: Partial<StreamToS3Options> = {}, chunkSize = 65_536) {
    return uploadAll([body], options, chunkSize)
  }

  function uploadAll(bodies: Buffer[], options: Partial<StreamToS3Options> = {}, chunkSize = 65_536) {
    const form = formBody(bodies.map((body, index) => filePart(`f${index}`, `f${index}.bin`, body)))
    return streamToS3(incoming(slices(form, chunkSize)), {
      bucket: BUCKET,
      client: s3.oneTry,
      uploader,
      key: ({ field }) => field,
      ...options,
    })
  }

  const operations = () => s3.requests.map(({ operation }) => operation)
  const arrived =
    (operation: S3Operation, n = 1) =>
    () =>
      s3.requests.filter(request => request.operation === operation).length >= n

  describe('sizes', () => {
    const MULTIPART = (parts: number) => [
      'CreateMultipartUpload',
      ...Array<string>(parts).fill('UploadPart'),
      'CompleteMultipartUpload',
    ]

    it.each([
      { what: 'no byte', size: 0, requests: ['PutObject'], parts: undefined },
      { what: 'one byte', size: 1, requests: ['PutObject'], parts: undefined },
      { what: 'one part less one byte', size: PART - 1, requests: ['PutObject'], parts: undefined },
      { what: 'exactly one part', size: PART, requests: ['PutObject'], parts: undefined },
      { what: 'one part and one byte', size: PART + 1, requests: MULTIPART(2), parts: [PART, 1] },
      { what: 'exactly two parts', size: 2 * PART, requests: MULTIPART(2), parts: [PART, PART] },
      {
        what: 'two and a half parts',
        size: 2.5 * PART,
        requests: MULTIPART(3),
        parts: [PART, PART, PART / 2],
      },
    ])('stores a file of $what', async ({ size, requests, parts }) => {
      const body = bytes(size)
      const { files } = await upload(body)
      const [object] = s3.objects(BUCKET)
      expect(files).toMatchObject([{ key: 'f0', size, etag: object?.etag }])
      expect(files[0]?.checksums).toEqual(object?.checksums)
      expect(sha256(object?.body ?? Buffer.alloc(0))).toBe(sha256(body))
      expect(operations()).toEqual(requests)
      expect(object?.parts).toEqual(parts)
      expect(s3.uploads(BUCKET)).toEqual([])
    })

    it.each([1, 100, 65_521, 3 * PART])('stores what comes in chunks of %i bytes', async chunkSize => {
      const body = bytes(chunkSize === 1 ? 20_000 : 2 * PART + 123)
      await upload(body, {}, chunkSize)
      expect(sha256(s3.objects(BUCKET)[0]?.body ?? Buffer.alloc(0))).toBe(sha256(body))
    })

    it('grows the part size with the largest possible file', async () => {
      await upload(bytes(13 * MB), { maxFileSize: 60_000 * MB })
      expect(s3.objects(BUCKET)[0]?.parts).toEqual([6 * MB, 6 * MB, MB])
    })
  })

  describe('aborted', () => {
    it.each([
      { during: 'CreateMultipartUpload', size: 2 * PART },
      { during: 'UploadPart', size: 2 * PART },
      { during: 'CompleteMultipartUpload', size: 2 * PART },
      { during: 'PutObject', size: 1000 },
    ] as const)('during $during, leaves nothing', async ({ during, size }) => {
      const release = hold(s3, during)
      const controller = new AbortController()
      const outcome = upload(bytes(size), { signal: controller.signal }).catch(error => error)
      await until(arrived(during))
      controller.abort(new Error('maintenance'))
      // An S3 part is cut short; what may already have taken effect is waited for.
      if (during !== 'UploadPart') release()
      expect(await outcome).toMatchObject({
        code: 'CANCELLED',
        status: 503,
        cause: { message: 'maintenance' },
      })
      expectNothingLeft(s3)
      release()
      await upload(Buffer.from('later'), { key: () => 'later' })
      expect(s3.objects(BUCKET).map(({ key }) => key)).toEqual(['later'])
      expect(s3.uploads(BUCKET)).toEqual([])
    })

    it('while files are held, leaves nothing and has sent nothing of them', async () => {
      const controller = new AbortController()
      const form = formBody([filePart('a', 'a', 'held'), filePart('b', 'b', bytes(2 * PART))])
      async function* stalling() {
        yield form.subarray(0, -100)
        await until(arrived('UploadPart'))
        controller.abort()
        await new Promise(() => {})
      }
      const outcome = streamToS3(incoming(stalling()), {
        bucket: BUCKET,
        client: s3.oneTry,
        uploader,
        signal: controller.signal,
      })
      await expect(outcome).rejects.toMatchObject({ code: 'CANCELLED' })
      expect(operations()).not.toContain('PutObject')
      expect(operations()).toContain('AbortMultipartUpload')
      expectNothingLeft(s3)
    })

    it('before it begins, sends nothing', async () => {
      await expect(upload(bytes(10), { signal: AbortSignal.abort() })).rejects.toMatchObject({
        code: 'CANCELLED',
      })
      expect(operations()).toEqual([])
    })
  })

  describe('when S3 fails', () => {
    const FAULT = { status: 500, code: 'InternalError', message: 'We encountered an internal error.' }

    it.each([
      { failing: 'PutObject', n: 2, sizes: [10, 10, 10] },
      { failing: 'CreateMultipartUpload', n: 1, sizes: [10, 2 * PART] },
      { failing: 'UploadPart', n: 2, sizes: [10, 4 * PART, 10] },
      { failing: 'CompleteMultipartUpload', n: 1, sizes: [10, 2 * PART] },
    ] as const)('at $failing, leaves nothing of any file', async ({ failing, n, sizes }) => {
      s3.fault(request => (request.operation === failing && request.n === n ? FAULT : undefined))
      const error = await uploadAll(sizes.map(size => bytes(size))).catch(error => error)
      expect(error).toBeInstanceOf(UploadError)
      expect(error).toMatchObject({
        code: 'STORAGE_FAILED',
        status: 502,
        expose: false,
        cause: { name: 'InternalError', $metadata: { httpStatusCode: 500 } },
        leftovers: [],
      })
      expect(error.message).toContain(`${failing} for "f`)
      expect(error.message).toContain('InternalError (500): We encountered an internal error.')
      expectNothingLeft(s3)
    })

    it('ends at the first failed part although the client sends no more', async () => {
      s3.fault(request => (request.operation === 'UploadPart' ? FAULT : undefined))
      async function* stalling() {
        yield formBody([filePart('a', 'a', bytes(PART + 10))], '')
        await new Promise(() => {})
      }
      const outcome = streamToS3(incoming(stalling()), { bucket: BUCKET, client: s3.oneTry, uploader })
      await expect(outcome).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
      expectNothingLeft(s3)
    })

    it('names the parts that it could not remove', async () => {
      s3.fault(({ operation }) => (operation === 'UploadPart' ? FAULT : undefined))
      s3.fault(({ operation }) => (operation === 'AbortMultipartUpload' ? FAULT : undefined))
      const error = await upload(bytes(2 * PART)).catch(error => error)
      const [{ uploadId } = { uploadId: '' }] = s3.uploads(BUCKET)
      expect(error.cause.name).toBe('InternalError')
      expect(error.leftovers).toMatchObject([
        { bucket: BUCKET, key: 'f0', uploadId, cause: { code: 'STORAGE_FAILED' } },
      ])
    })

    it('names the object that it could not remove', async () => {
      s3.fault(({ operation, key }) => (operation === 'PutObject' && key === 'f1' ? FAULT : undefined))
      s3.fault(({ operation }) => (operation === 'DeleteObject' ? FAULT : undefined))
      const error = await uploadAll([bytes(10), bytes(10)]).catch(error => error)
      expect(error.leftovers).toMatchObject([{ bucket: BUCKET, key: 'f0' }])
      expect(s3.objects(BUCKET).map(({ key }) => key)).toEqual(['f0'])
    })
  })

  it('rolls a half commit back without touching older versions', async () => {
    const versioning = (Status: 'Enabled' | 'Suspended') =>
      s3.client.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration: { Status } }))
    await versioning('Enabled')
    await s3.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'f0', Body: 'older' }))
    s3.fault(({ operation, key }) =>
      operation === 'PutObject' && key === 'f1' ? { status: 500, code: 'InternalError' } : undefined,
    )
    await expect(uploadAll([bytes(10), bytes(10)])).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      leftovers: [],
    })
    expect(s3.objects(BUCKET).map(({ key, body }) => [key, body.toString()])).toEqual([['f0', 'older']])
    const { files } = await upload(bytes(10), { key: () => 'other' })
    expect(files[0]?.versionId).toBe(s3.objects(BUCKET).find(({ key }) => key === 'other')?.versionId)
    await versioning('Suspended')
  })

  it('finds out the ETag that an answer leaves out', async () => {
    forgetETag(s3.oneTry, 'PutObject')
    const { files } = await upload(bytes(100))
    expect(files[0]?.etag).toBe(s3.objects(BUCKET)[0]?.etag)
    expect(operations()).toEqual(['PutObject', 'HeadObject'])
  })

  it('puts parts together in their order, whichever is answered first', async () => {
    s3.fault(({ operation, partNumber }) => {
      if (operation !== 'UploadPart' || partNumber === 3) return undefined
      const next = () => s3.requests.find(request => request.partNumber === (partNumber ?? 0) + 1)
      return { until: until(() => next()?.status === 200) }
    })
    const body = bytes(3 * PART)
    await upload(body)
    expect(sha256(s3.objects(BUCKET)[0]?.body ?? Buffer.alloc(0))).toBe(sha256(body))
  })

  it('has as many parts in flight as it may, and reads no further while they are', async () => {
    const release = hold(s3, 'UploadPart')
    let given = 0
    function* counted() {
      for (const chunk of slices(formBody([filePart('f', 'f', bytes(60 * MB))]), 65_536)) {
        given += chunk.length
        yield chunk
      }
    }
    const done = streamToS3(incoming(counted()), {
      bucket: BUCKET,
      client: s3.oneTry,
      uploader,
      concurrency: 2,
    })
    await until(arrived('UploadPart', 2))
    const inFlight = () =>
      s3.requests.filter(({ operation, status }) => operation === 'UploadPart' && !status).length
    // Two parts in flight and one filling; lib-storage reads a little more than a part for each. Then the streams' own.
    for (let turn = 0; turn < 200; turn++) await new Promise(resolve => setImmediate(resolve))
    expect(inFlight()).toBe(2)
    expect(given).toBeLessThan(3 * PART + 2 * MB)
    release()
    await done
    expect(s3.objects(BUCKET)[0]?.size).toBe(60 * MB)
  })

  it('reads the next file while S3 is still busy with one', async () => {
    const release = hold(s3, 'UploadPart')
    const done = uploadAll([bytes(PART + 1), bytes(10), bytes(PART + 1)])
    await until(arrived('UploadPart', 4))
    release()
    const { files } = await done
    expect(files.map(({ field }) => field)).toEqual(['f0', 'f1', 'f2'])
  })

  it('tells what has been received and stored of each file', async () => {
    const seen: UploadProgress[] = []
    await uploadAll([bytes(100), bytes(2 * PART)], { onProgress: progress => seen.push(progress) })
    for (const [field, size] of [
      ['f0', 100],
      ['f1', 2 * PART],
    ] as const) {
      const own = seen.filter(({ file }) => file.field === field)
      expect(own.at(-1)).toMatchObject({ received: size, stored: size })
      for (const [index, { received, stored }] of own.entries()) {
        expect(stored).toBeLessThanOrEqual(received)
        expect(received).toBeGreaterThanOrEqual(own[index - 1]?.received ?? 0)
      }
    }
    expect(new Set(seen.filter(({ file }) => file.field === 'f1').map(({ stored }) => stored))).toEqual(
      new Set([0, PART, 2 * PART]),
    )
  })

  it.each(['received', 'stored'] as const)('fails when onProgress throws on bytes %s', async which => {
    const onProgress = (progress: UploadProgress) => {
      if (progress[which] > 0) throw new Error('a bug')
    }
    await expect(upload(bytes(100), { onProgress })).rejects.toThrow('a bug')
    expectNothingLeft(s3)
  })

  it('never changes the client or the options of the user', async () => {
    const { client } = s3
    // The SDK itself notes how far the server's clock is off.
    const config = () => ({ ...client.config, systemClockOffset: undefined })
    const before = { middleware: client.middlewareStack.identify(), config: config() }
    await upload(
      bytes(2 * PART),
      Object.freeze({ client, params: Object.freeze({ Metadata: Object.freeze({ a: 'b' }) }) }),
    )
    expect(client.middlewareStack.identify()).toEqual(before.middleware)
    expect(config()).toEqual(before.config)
    expect(s3.objects(BUCKET)[0]?.metadata).toEqual({ a: 'b' })
  })

  it.each(['CRC32C', 'SHA256'] as const)('takes another checksum algorithm: %s', async ChecksumAlgorithm => {
    const name = ChecksumAlgorithm.toLowerCase()
    const { files } = await uploadAll([bytes(10), bytes(2 * PART)], { params: { ChecksumAlgorithm } })
    expect(files.map(({ checksums }) => Object.keys(checksums ?? {}))).toEqual([[name], [name]])
    expect(files.map(({ checksums }) => checksums)).toEqual(
      s3.objects(BUCKET).map(({ checksums }) => checksums),
    )
  })
})

describe('bytes that are damaged in memory before they are sent', () => {
  it.each([
    ['a small file, by its CRC32', MB, 'WHEN_SUPPORTED', true],
    ['a small file, by its signature', MB, 'WHEN_REQUIRED', false],
    ['S3 parts, by their CRC32', 2 * PART, 'WHEN_SUPPORTED', true],
    ['S3 parts, by their signature', 2 * PART, 'WHEN_REQUIRED', false],
  ] as const)('are refused by S3: %s', async (_, size, requestChecksumCalculation, unsignedPayload) => {
    const client = new S3Client({
      endpoint: s3.endpoint,
      region: s3.region,
      credentials: s3.credentials,
      forcePathStyle: true,
      maxAttempts: 1,
      requestChecksumCalculation,
    })
    onTestFinished(() => client.destroy())
    damageBodies(client)
    const form = formBody([filePart('file', 'a.bin', bytes(size))])
    const upload = streamToS3(incoming(slices(form, 65_536)), { bucket: BUCKET, client, unsignedPayload })
    await expect(upload).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      cause: { $metadata: { httpStatusCode: 400 } },
    })
    expectNothingLeft(s3)
  })
})

it('says that the client cannot be used when its settings cannot be read', async () => {
  const cause = new Error('no such profile')
  const { config } = s3.oneTry
  const client = {
    config: { ...config, requestChecksumCalculation: () => Promise.reject(cause) },
    send: s3.oneTry.send.bind(s3.oneTry),
  } as never
  const form = formBody([filePart('file', 'a.bin', bytes(10))])
  const upload = streamToS3(incoming([form]), { bucket: BUCKET, client })
  await expect(upload).rejects.toMatchObject({ code: 'STORAGE_FAILED', status: 502, cause })
  expectNothingLeft(s3)
})
