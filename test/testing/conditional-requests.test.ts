import {
  CompleteMultipartUploadCommand,
  type CompleteMultipartUploadCommandInput,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  type DeleteObjectCommandInput,
  DeleteObjectsCommand,
  GetObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { BUCKET, failure, plainClient, useS3 } from './support.ts'

const server = useS3()
const KEY = { Bucket: BUCKET, Key: 'key' }
const NO_SUCH_KEY = { name: 'NoSuchKey', status: 404 }
const PRECONDITION_FAILED = { name: 'PreconditionFailed', status: 412 }
const NOT_IMPLEMENTED = { name: 'NotImplemented', status: 501 }
const CONFLICT = { name: 'ConditionalRequestConflict', status: 409 }

function put(input: Partial<PutObjectCommandInput> = {}) {
  return plainClient(server.s3).send(new PutObjectCommand({ ...KEY, Body: 'hello', ...input }))
}

function remove(input: Partial<DeleteObjectCommandInput> = {}) {
  return plainClient(server.s3).send(new DeleteObjectCommand({ ...KEY, ...input }))
}

async function setVersioning(Status: 'Enabled' | 'Suspended') {
  const input = { Bucket: BUCKET, VersioningConfiguration: { Status } }
  await server.s3.client.send(new PutBucketVersioningCommand(input))
}

async function startMultipart(client = plainClient(server.s3)) {
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(KEY))
  const part = { ...KEY, UploadId, PartNumber: 1, Body: 'new' }
  const { ETag } = await client.send(new UploadPartCommand(part))
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
  return (input: Partial<CompleteMultipartUploadCommandInput> = {}) =>
    client.send(new CompleteMultipartUploadCommand({ ...KEY, UploadId, MultipartUpload, ...input }))
}

const stored = () => server.s3.objects(BUCKET).map(({ body }) => body.toString())

describe('DeleteObject with If-Match', () => {
  it('removes the object with this ETag, quoted or not', async () => {
    for (const quote of ['"', '']) {
      const { ETag = '' } = await put()
      await remove({ IfMatch: quote + ETag.replaceAll('"', '') + quote })
      expect(stored()).toEqual([])
    }
  })

  it('keeps an object with another ETag', async () => {
    const { ETag } = await put({ Body: 'mine' })
    await put({ Body: 'of another client' })
    expect(await failure(remove({ IfMatch: ETag }))).toEqual(PRECONDITION_FAILED)
    expect(stored()).toEqual(['of another client'])
  })

  it('removes any object with *', async () => {
    await put()
    await remove({ IfMatch: '*' })
    expect(stored()).toEqual([])
  })

  it.each(['*', '"other"'])('fails with NoSuchKey if there is no object: %s', async IfMatch => {
    expect(await failure(remove({ IfMatch }))).toEqual(NO_SUCH_KEY)
    await setVersioning('Enabled')
    expect(await failure(remove({ IfMatch }))).toEqual(NO_SUCH_KEY)
  })

  it('compares the current version only, not one behind a delete marker', async () => {
    await setVersioning('Enabled')
    const { ETag, VersionId } = await put()
    await remove({ IfMatch: ETag })
    expect(await failure(remove({ IfMatch: ETag }))).toEqual(NO_SUCH_KEY)
    expect(await failure(remove({ IfMatch: '*' }))).toEqual(NO_SUCH_KEY)
    const get = new GetObjectCommand({ ...KEY, VersionId })
    expect((await server.s3.client.send(get)).ContentLength).toBe(5)
  })

  it.each(['Enabled', 'Suspended'] as const)('is rejected with a version id (%s)', async status => {
    await setVersioning(status)
    const { ETag, VersionId } = await put()
    for (const IfMatch of [ETag, '*', '"other"']) {
      expect(await failure(remove({ VersionId, IfMatch }))).toEqual(NOT_IMPLEMENTED)
    }
    expect(stored()).toEqual(['hello'])
  })

  it('is not evaluated for sizes and times, which S3 rejects', async () => {
    await put()
    expect(await failure(remove({ IfMatchSize: 5 }))).toEqual(NOT_IMPLEMENTED)
    expect(await failure(remove({ IfMatchLastModifiedTime: new Date() }))).toEqual(NOT_IMPLEMENTED)
    expect(stored()).toEqual(['hello'])
  })
})

describe('DeleteObjects with ETags', () => {
  it('removes the objects that match, and reports the others', async () => {
    const { ETag } = await put({ Key: 'a' })
    await put({ Key: 'b', Body: 'other' })
    const Objects = [
      { Key: 'a', ETag },
      { Key: 'b', ETag },
      { Key: 'missing', ETag },
    ]
    const command = new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects, Quiet: true } })
    const { Deleted, Errors } = await server.s3.client.send(command)
    expect(Deleted).toBeUndefined()
    expect(Errors).toMatchObject([
      { Key: 'b', Code: 'PreconditionFailed' },
      { Key: 'missing', Code: 'NoSuchKey' },
    ])
    expect(stored()).toEqual(['other'])
  })
})

describe.each(['PutObject', 'CompleteMultipartUpload'] as const)('conditional %s', operation => {
  type Conditions = { IfMatch?: string; IfNoneMatch?: string }

  /** Writes `new`. Calls `prepare` before the request, after the upload of its S3 parts. */
  async function write(conditions: Conditions, prepare: () => Promise<unknown> = async () => {}) {
    if (operation === 'PutObject') {
      await prepare()
      return put({ Body: 'new', ...conditions })
    }
    const complete = await startMultipart()
    await prepare()
    return complete(conditions)
  }

  it('with If-None-Match: * creates an object, and does not replace one', async () => {
    await write({ IfNoneMatch: '*' })
    expect(stored()).toEqual(['new'])
    const replaced = write({ IfNoneMatch: '*' }, () => put({ Body: 'old' }))
    expect(await failure(replaced)).toEqual(PRECONDITION_FAILED)
    expect(stored()).toEqual(['old'])
  })

  it('with If-None-Match: * creates an object over a delete marker', async () => {
    await setVersioning('Enabled')
    await put()
    await remove()
    await write({ IfNoneMatch: '*' })
    expect(stored()).toEqual(['new'])
  })

  it('with If-Match replaces the object with this ETag only', async () => {
    const { ETag } = await put({ Body: 'old' })
    expect(await failure(write({ IfMatch: ETag }, () => put({ Body: 'changed' })))).toEqual(
      PRECONDITION_FAILED,
    )
    await put({ Body: 'old' })
    await write({ IfMatch: ETag })
    expect(stored()).toEqual(['new'])
  })

  it('with If-Match fails with NoSuchKey if there is no object', async () => {
    expect(await failure(write({ IfMatch: '"other"' }))).toEqual(NO_SUCH_KEY)
    expect(stored()).toEqual([])
  })

  it.each<[Conditions]>([
    [{ IfMatch: '*' }],
    [{ IfNoneMatch: '"etag"' }],
    [{ IfMatch: '"etag"', IfNoneMatch: '*' }],
  ])('rejects %j, which S3 does not support', async conditions => {
    await put({ Body: 'old' })
    expect(await failure(write(conditions))).toEqual(NOT_IMPLEMENTED)
    expect(stored()).toEqual(['old'])
  })

  it('stores nothing if a fault reports a conflict, and succeeds when it is repeated', async () => {
    server.s3.fault(r =>
      r.operation === operation && r.n === 1 ? { status: 409, code: CONFLICT.name } : undefined,
    )
    let repeat = () => write({ IfNoneMatch: '*' })
    if (operation === 'CompleteMultipartUpload') {
      const complete = await startMultipart()
      repeat = () => complete({ IfNoneMatch: '*' })
    }
    expect(await failure(repeat())).toEqual(CONFLICT)
    expect(stored()).toEqual([])
    expect(server.s3.uploads(BUCKET)).toHaveLength(operation === 'PutObject' ? 0 : 1)
    await repeat()
    expect(stored()).toEqual(['new'])
  })
})

describe('CompleteMultipartUpload', () => {
  it('keeps the upload if a condition fails', async () => {
    const complete = await startMultipart()
    await put({ Body: 'old' })
    expect(await failure(complete({ IfNoneMatch: '*' }))).toEqual(PRECONDITION_FAILED)
    expect(server.s3.uploads(BUCKET)).toHaveLength(1)
    await complete()
    expect(stored()).toEqual(['new'])
  })

  it('repeats its response to the client that lost it, although the object exists now', async () => {
    const complete = await startMultipart()
    const { ETag } = await complete({ IfNoneMatch: '*' })
    expect(await complete({ IfNoneMatch: '*' })).toMatchObject({ ETag })
  })

  it('rejects another MpuObjectSize than the size of the object', async () => {
    const complete = await startMultipart()
    for (const MpuObjectSize of [0, 2, 4, -1]) {
      expect(await failure(complete({ MpuObjectSize }))).toEqual({ name: 'InvalidRequest', status: 400 })
    }
    expect(server.s3.uploads(BUCKET)).toHaveLength(1)
    await complete({ MpuObjectSize: 3 })
    expect(stored()).toEqual(['new'])
  })

  it.each(['size', '', '3.0', '0x3', '1e0', ' '])('rejects the object size %j', async value => {
    const client = plainClient(server.s3)
    const complete = await startMultipart(client)
    client.middlewareStack.add(
      next => args => {
        Object.assign((args.request as { headers: object }).headers, { 'x-amz-mp-object-size': value })
        return next(args)
      },
      { step: 'build' },
    )
    expect(await failure(complete())).toEqual({ name: 'InvalidRequest', status: 400 })
  })
})
