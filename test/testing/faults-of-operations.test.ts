import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListObjectVersionsCommand,
  ListPartsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { describe, expect, it } from 'vitest'
import type { Fault, S3Operation } from '../../testing/index.ts'
import { BUCKET, failure, gate, send, useS3 } from './support.ts'

const server = useS3()
const IN_BUCKET = { Bucket: BUCKET }
const KEY = { ...IN_BUCKET, Key: 'key' }
const put = (Key: string) => server.s3.client.send(new PutObjectCommand({ ...IN_BUCKET, Key, Body: 'x' }))

/** Method and command of each operation. */
const REQUESTS: Record<S3Operation, [method: string, command: (UploadId?: string) => object]> = {
  AbortMultipartUpload: ['DELETE', UploadId => new AbortMultipartUploadCommand({ ...KEY, UploadId })],
  CompleteMultipartUpload: ['POST', UploadId => new CompleteMultipartUploadCommand({ ...KEY, UploadId })],
  CreateBucket: ['PUT', () => new CreateBucketCommand({ Bucket: 'new-bucket' })],
  CreateMultipartUpload: ['POST', () => new CreateMultipartUploadCommand(KEY)],
  DeleteBucket: ['DELETE', () => new DeleteBucketCommand(IN_BUCKET)],
  DeleteObject: ['DELETE', () => new DeleteObjectCommand(KEY)],
  DeleteObjects: ['POST', () => new DeleteObjectsCommand({ ...IN_BUCKET, Delete: { Objects: [] } })],
  GetBucketVersioning: ['GET', () => new GetBucketVersioningCommand(IN_BUCKET)],
  GetObject: ['GET', () => new GetObjectCommand(KEY)],
  HeadBucket: ['HEAD', () => new HeadBucketCommand(IN_BUCKET)],
  HeadObject: ['HEAD', () => new HeadObjectCommand(KEY)],
  ListBuckets: ['GET', () => new ListBucketsCommand()],
  ListMultipartUploads: ['GET', () => new ListMultipartUploadsCommand(IN_BUCKET)],
  ListObjectVersions: ['GET', () => new ListObjectVersionsCommand(IN_BUCKET)],
  ListObjectsV2: ['GET', () => new ListObjectsV2Command(IN_BUCKET)],
  ListParts: ['GET', UploadId => new ListPartsCommand({ ...KEY, UploadId })],
  PutBucketVersioning: [
    'PUT',
    () => new PutBucketVersioningCommand({ ...IN_BUCKET, VersioningConfiguration: { Status: 'Enabled' } }),
  ],
  PutObject: ['PUT', () => new PutObjectCommand(KEY)],
  UploadPart: ['PUT', UploadId => new UploadPartCommand({ ...KEY, UploadId, PartNumber: 1 })],
}

/** Stores an object and starts an upload. Returns a presigned URL of the operation. */
async function prepare(operation: S3Operation): Promise<string> {
  await put('key')
  const { UploadId } = await server.s3.client.send(new CreateMultipartUploadCommand(KEY))
  return getSignedUrl(server.s3.client, REQUESTS[operation][1](UploadId) as never)
}

/** Resolves with the status of the response, or the message of the error if the connection breaks. */
const outcome = (method: string, url: string) =>
  send(method, url).then(
    ({ status }) => status,
    (error: Error) => error.message,
  )

describe.each(Object.entries(REQUESTS))('fault of %s', (name, [method]) => {
  const operation = name as S3Operation

  it('replaces the response', async () => {
    const url = await prepare(operation)
    const other = { status: 299, headers: { 'x-other': '1' }, body: 'other' }
    const faults: [Fault, unknown][] = [
      [{ status: 503, code: 'SlowDown' }, 503],
      [{ drop: true }, 'socket hang up'],
      [{ response: other }, 299],
      [{ delay: 1, status: 503, code: 'SlowDown' }, 503],
      [{ status: 503, code: 'SlowDown', after: true }, 503],
      [{ drop: 'after' }, 'socket hang up'],
      [{ response: other, after: true }, 299],
      [{ response: response => ({ ...response, status: 299 }) }, 299],
    ]
    for (const [fault, expected] of faults) {
      const remove = server.s3.fault(() => fault)
      expect([fault, await outcome(method, url)]).toEqual([fault, expected])
      remove()
    }
    expect(server.s3.requests.filter(r => r.operation === operation).map(r => r.status)).toEqual(
      expect.arrayContaining([299, 503, undefined]),
    )
  })

  it('delays the usual response, or precedes XML with blanks', async () => {
    const statuses: number[] = []
    for (const fault of [{}, { delay: 1 }, { blanks: { interval: 1, delay: 1 } }]) {
      server.s3.reset()
      const url = await prepare(operation)
      server.s3.fault(() => fault)
      const { status, body } = await send(method, url)
      statuses.push(body.startsWith('<?xml') && 'blanks' in fault ? (statuses[0] ?? 0) : status)
    }
    expect(new Set(statuses).size).toBe(1)
  })

  it('can store an object of another client before the operation', async () => {
    const url = await prepare(operation)
    const order: string[] = []
    server.s3.fault(async r => {
      if (r.key === 'of-another' || r.operation !== operation) return undefined
      await put('of-another')
      order.push('stored')
      return undefined
    })
    await send(method, url)
    order.push('responded')
    expect(order).toEqual(['stored', 'responded'])
    expect(server.s3.objects(BUCKET).map(({ key }) => key)).toContain('of-another')
  })

  it.each([true, 'after'] as const)('hangs (%s) until the client disconnects', async hang => {
    const url = await prepare(operation)
    const arrived = gate()
    server.s3.fault(() => {
      arrived.open()
      return { hang }
    })
    const abort = new AbortController()
    const sent = fetch(url, { method, signal: abort.signal }).then(String, (error: Error) => error.name)
    await arrived.opened
    abort.abort()
    expect(await sent).toBe('AbortError')
  })
})

describe('fault of DeleteObject', () => {
  it.each<[Fault, keys: string[]]>([
    [{ drop: true }, ['key']],
    [{ status: 500, code: 'InternalError' }, ['key']],
    [{ response: { status: 204 } }, ['key']],
    [{ drop: 'after' }, []],
    [{ status: 500, code: 'InternalError', after: true }, []],
    [{ response: { status: 500 }, after: true }, []],
  ])('%j happens before or after the effect', async (fault, keys) => {
    const url = await prepare('DeleteObject')
    server.s3.fault(() => fault)
    await outcome('DELETE', url)
    expect(server.s3.objects(BUCKET).map(({ key }) => key)).toEqual(keys)
  })

  it('can let another client replace the object between HeadObject and DeleteObject', async () => {
    const { ETag: IfMatch } = await put('key')
    server.s3.fault(async ({ operation }) => {
      if (operation !== 'DeleteObject') return undefined
      await server.s3.client.send(new PutObjectCommand({ ...KEY, Body: 'of another client' }))
      return undefined
    })
    expect((await server.s3.client.send(new HeadObjectCommand(KEY))).ETag).toBe(IfMatch)
    const remove = server.s3.client.send(new DeleteObjectCommand({ ...KEY, IfMatch }))
    expect(await failure(remove)).toEqual({ name: 'PreconditionFailed', status: 412 })
    expect(server.s3.objects(BUCKET)).toMatchObject([{ size: 17 }])
  })
})
