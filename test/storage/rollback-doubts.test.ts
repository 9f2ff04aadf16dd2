import { PutBucketVersioningCommand, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { streamToS3, type UploadError } from 's3-upstream'
import { describe, expect, it, vi } from 'vitest'
import { bytes, MB } from '../support/bytes.ts'
import { filePart, formBody } from '../support/form-body.ts'
import { incoming, slices } from '../support/incoming.ts'
import { BUCKET, useStorage } from '../support/storage.ts'
import { uploaders } from '../support/uploaders.ts'

const s3 = await useStorage()
const KEY = 'mine'

type Send = () => Promise<{ output: Record<string, unknown>; response: { headers: Record<string, string> } }>

/** What becomes of each response, where the SDK has read it. */
function eachResponse(
  respond: (operation: string, send: Send, input: Record<string, unknown>) => ReturnType<Send>,
): S3Client {
  s3.oneTry.middlewareStack.add(
    (next, { commandName = '' }) =>
      args => {
        const send = () => next(args) as unknown as ReturnType<Send>
        const operation = commandName.replace(/Command$/, '')
        return respond(operation, send, args.input as Record<string, unknown>) as unknown as ReturnType<
          typeof next
        >
      },
    { step: 'deserialize', priority: 'high', name: 'eachResponse', override: true },
  )
  return s3.oneTry
}

describe.each(uploaders)('a rollback of the $name', ({ uploader }) => {
  /** Stores a file, and then fails at the next one. */
  async function rolledBack(client: S3Client, body: Buffer): Promise<UploadError> {
    const form = formBody([filePart('f', 'f.bin', body), filePart('g', 'g.bin', 'x')])
    let hasStored = false
    s3.fault(async ({ operation, key }) => {
      if (operation === 'PutObject' && key === 'refused') {
        await vi.waitUntil(() => hasStored)
        return { status: 403, code: 'AccessDenied' }
      }
      return undefined
    })
    const stop = setInterval(() => {
      hasStored ||= s3.objects(BUCKET).some(({ key, size }) => key === KEY && size === body.length)
    }, 1)
    return streamToS3(incoming(slices(form, 65_536)), {
      bucket: BUCKET,
      client,
      uploader,
      key: ({ field }) => (field === 'f' ? KEY : 'refused'),
    })
      .then(
        () => expect.unreachable('The upload succeeded'),
        error => error,
      )
      .finally(() => clearInterval(stop))
  }

  it.each([10, 5 * MB + 1])(
    'of %i bytes names an object whose time a wrong clock makes older',
    async size => {
      const client = eachResponse(async (operation, send) => {
        const result = await send()
        if (operation === 'HeadObject') {
          result.response.headers.date = new Date(Date.now() + 4000).toUTCString()
        }
        return result
      })
      const error = await rolledBack(client, bytes(size))
      expect(s3.objects(BUCKET).map(({ key }) => key)).toEqual([KEY])
      expect(error.leftovers).toMatchObject([{ bucket: BUCKET, key: KEY }])
    },
  )

  it('never hides an older version where the store does not delete `null` on a condition', async () => {
    const setVersioning = (Status: 'Enabled' | 'Suspended') =>
      s3.client.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration: { Status } }))
    await setVersioning('Enabled')
    await s3.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: KEY, Body: 'older' }))
    await setVersioning('Suspended')
    const client = eachResponse((operation, send, { IfMatch, VersionId }) => {
      if (operation !== 'DeleteObject' || !IfMatch || !VersionId) return send()
      throw Object.assign(new Error('not implemented'), {
        name: 'NotImplemented',
        $metadata: { httpStatusCode: 501, attempts: 1 },
      })
    })
    const error = await rolledBack(client, bytes(10))
    expect(error.leftovers).toMatchObject([{ bucket: BUCKET, key: KEY, versionId: 'null' }])
    expect(s3.objects(BUCKET)).toMatchObject([{ key: KEY, size: 10 }])
  })

  it('names the object after a lost response where ETags are no MD5s', async () => {
    let wasLost = false
    const client = eachResponse(async (operation, send) => {
      const result = await send()
      if (result.output.ETag) result.output.ETag = '"a1b2c3-express"'
      if (operation === 'PutObject' && !wasLost) {
        wasLost = true
        throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
      }
      return result
    })
    const error = await streamToS3(incoming([formBody([filePart('f', 'f.bin', bytes(10))])]), {
      bucket: BUCKET,
      client,
      uploader,
      key: () => KEY,
    }).catch(error => error)
    expect(error).toMatchObject({ code: 'STORAGE_FAILED', leftovers: [{ bucket: BUCKET, key: KEY }] })
    expect(s3.objects(BUCKET).map(({ key }) => key)).toEqual([KEY])
  })
})

it('warns of the multipart upload that a lost CreateMultipartUpload may have left', async () => {
  const warnings: Error[] = []
  const onWarning = (warning: Error) => warnings.push(warning)
  process.on('warning', onWarning)
  s3.fault(({ operation, n }) =>
    operation === 'CreateMultipartUpload' && n === 1 ? { drop: 'after' } : undefined,
  )
  const form = formBody([filePart('f', 'f', bytes(5 * MB + 1))])
  await streamToS3(incoming(slices(form, 65_536)), { bucket: BUCKET, client: s3.client, key: () => KEY })
  await vi.waitUntil(() => warnings.length > 0)
  process.off('warning', onWarning)
  const left = s3.uploads(BUCKET)
  expect(left).toMatchObject([{ key: KEY }])
  expect(warnings).toMatchObject([{ name: 's3-upstream' }])
  for (const part of [KEY, `${left[0]?.uploadId}`, 'abortStaleUploads()']) {
    expect(warnings[0]?.message).toContain(part)
  }
  expect(s3.objects(BUCKET).map(({ key }) => key)).toEqual([KEY])
})
