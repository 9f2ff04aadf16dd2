import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { BUCKET, failure, gate, presignGet, presignPut, send, useS3 } from './support.ts'

const server = useS3()

function put(Key: string, Body = 'hello', input: Partial<PutObjectCommandInput> = {}) {
  return server.s3.client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body, ...input }))
}

async function get(Key: string, input: Partial<GetObjectCommandInput> = {}) {
  const { Body, ...response } = await server.s3.client.send(
    new GetObjectCommand({ Bucket: BUCKET, Key, ...input }),
  )
  return { ...response, text: await Body?.transformToString() }
}

function list(input: Partial<ListObjectsV2CommandInput> = {}) {
  return server.s3.client.send(new ListObjectsV2Command({ Bucket: BUCKET, ...input }))
}

async function setVersioning(Status: 'Enabled' | 'Suspended') {
  const input = { Bucket: BUCKET, VersioningConfiguration: { Status } }
  await server.s3.client.send(new PutBucketVersioningCommand(input))
}

describe('object', () => {
  it('has the headers and metadata of its upload', async () => {
    const input = {
      ContentType: 'text/plain; charset=utf-8',
      CacheControl: 'max-age=60',
      ContentDisposition: `attachment; filename*=UTF-8''%E2%98%83.txt`,
      ContentEncoding: 'gzip',
      ContentLanguage: 'de',
      Metadata: { 'upload-id': 'abc 1', __proto__hidden: 'x' },
      StorageClass: 'STANDARD_IA' as const,
    }
    await put('key', 'hello', { ...input, Tagging: 'a=b', ACL: 'public-read' })
    const head = await server.s3.client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: 'key' }))
    expect(head).toMatchObject({ ...input, ContentLength: 5, ETag: '"5d41402abc4b2a76b9719d911017c592"' })
    expect(server.s3.objects(BUCKET)).toMatchObject([
      {
        type: input.ContentType,
        metadata: input.Metadata,
        headers: { 'x-amz-tagging': 'a=b', 'x-amz-acl': 'public-read', 'content-encoding': 'gzip' },
      },
    ])
  })

  it('has the type binary/octet-stream if the upload had none', async () => {
    await send('PUT', await presignPut(server.s3, 'key'), { body: 'x' })
    expect(server.s3.objects(BUCKET)).toMatchObject([{ type: 'binary/octet-stream', versionId: undefined }])
  })

  it('is rejected with metadata over 2 KB', async () => {
    expect(await failure(put('key', 'x', { Metadata: { a: 'x'.repeat(2048) } }))).toMatchObject({
      name: 'MetadataTooLarge',
    })
  })

  it.each([
    'ünï/日本語/😀.txt',
    'a b+c%20d&e=f?g#h;,\'"<>!*().txt',
    'x//y///z',
    '/lead',
    'dir/',
    'a/../b/./c',
    'control\u0001\t',
    '__proto__',
    'constructor',
    'k'.repeat(1024),
  ])('can have the key %j', async key => {
    await put(key, `data of ${key}`)
    expect((await get(key)).text).toBe(`data of ${key}`)
    const listed = await list({ EncodingType: 'url' })
    expect(listed.Contents?.map(({ Key = '' }) => decodeURIComponent(Key))).toEqual([key])
    const { Deleted } = await server.s3.client.send(
      new DeleteObjectsCommand({ Bucket: BUCKET, Delete: { Objects: [{ Key: key }] } }),
    )
    expect(Deleted).toHaveLength(1)
    expect(server.s3.objects(BUCKET)).toEqual([])
  })

  it('is rejected with a key one byte over 1024 bytes', async () => {
    expect(await failure(put(`${'ü'.repeat(512)}x`))).toEqual({ name: 'KeyTooLongError', status: 400 })
  })
})

describe('GetObject', () => {
  it.each([
    ['bytes=2-4', 'llo', 'bytes 2-4/5'],
    ['bytes=-2', 'lo', 'bytes 3-4/5'],
    ['bytes=1-', 'ello', 'bytes 1-4/5'],
    ['bytes=0-99', 'hello', 'bytes 0-4/5'],
  ])('returns 206 and the bytes of range %s', async (Range, text, ContentRange) => {
    await put('key')
    const response = await get('key', { Range })
    expect(response).toMatchObject({ text, ContentRange, ContentLength: text.length })
    expect(response.$metadata.httpStatusCode).toBe(206)
  })

  it('rejects a range beyond the end with 416', async () => {
    await put('key')
    expect(await failure(get('key', { Range: 'bytes=5-' }))).toEqual({ name: 'InvalidRange', status: 416 })
  })

  it('ignores a range in another unit', async () => {
    await put('key')
    const response = await get('key', { Range: 'lines=1-2' })
    expect([response.$metadata.httpStatusCode, response.text]).toEqual([200, 'hello'])
  })

  it('returns 304 for a matching If-None-Match, 412 for another If-Match', async () => {
    const { ETag } = await put('key')
    expect(await failure(get('key', { IfNoneMatch: ETag }))).toMatchObject({ status: 304 })
    expect((await get('key', { IfNoneMatch: '"other"' })).text).toBe('hello')
    expect(await failure(get('key', { IfMatch: '"other"' }))).toMatchObject({ status: 412 })
  })

  it('fails with NoSuchKey or NoSuchBucket', async () => {
    expect(await failure(get('key'))).toEqual({ name: 'NoSuchKey', status: 404 })
    expect(await failure(get('key', { Bucket: 'other' }))).toEqual({ name: 'NoSuchBucket', status: 404 })
  })

  it('returns an empty object', async () => {
    await send('PUT', await presignPut(server.s3, 'key'), { headers: { 'content-length': 0 } })
    expect(await send('GET', await presignGet(server.s3, 'key'))).toMatchObject({ status: 200, body: '' })
  })
})

describe('conditional write', () => {
  it('with IfNoneMatch fails if the object exists', async () => {
    await put('key', 'first', { IfNoneMatch: '*' })
    expect(await failure(put('key', 'second', { IfNoneMatch: '*' }))).toEqual({
      name: 'PreconditionFailed',
      status: 412,
    })
    expect((await get('key')).text).toBe('first')
  })

  it('is checked again when the body has arrived', async () => {
    const [bothArrived, release] = [gate(), gate()]
    server.s3.fault(({ n }) => {
      if (n === 2) bothArrived.open()
      return { until: release.opened }
    })
    const outcomes = Promise.allSettled([
      put('key', 'a', { IfNoneMatch: '*' }),
      put('key', 'b', { IfNoneMatch: '*' }),
    ])
    await bothArrived.opened
    release.open()
    expect((await outcomes).map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })

  it('with IfMatch fails if the ETag differs', async () => {
    const { ETag } = await put('key', 'first')
    await put('key', 'second', { IfMatch: ETag })
    expect(await failure(put('key', 'third', { IfMatch: ETag }))).toMatchObject({
      name: 'PreconditionFailed',
    })
  })
})

describe('ListObjectsV2', () => {
  const keys = ['l/a/1', 'l/a/2', 'l/b/1', 'l/c', 'l/d', 'm', 'ﬀ', '😀']

  it('sorts by UTF-8 bytes', async () => {
    for (const key of [...keys].reverse()) await put(key)
    expect((await list()).Contents?.map(({ Key }) => Key)).toEqual(keys)
    expect(server.s3.objects(BUCKET).map(({ key }) => key)).toEqual(keys)
  })

  it('pages through keys and common prefixes', async () => {
    for (const key of keys) await put(key)
    const input = { Prefix: 'l/', Delimiter: '/', MaxKeys: 2 }
    const first = await list(input)
    expect(first).toMatchObject({ IsTruncated: true, KeyCount: 2 })
    expect(first.CommonPrefixes).toEqual([{ Prefix: 'l/a/' }, { Prefix: 'l/b/' }])
    const second = await list({ ...input, ContinuationToken: first.NextContinuationToken })
    expect(second).toMatchObject({ IsTruncated: false, Contents: [{ Key: 'l/c', Size: 5 }, { Key: 'l/d' }] })
    expect(second.CommonPrefixes).toBeUndefined()
  })

  it('starts after a key', async () => {
    for (const key of keys) await put(key)
    const { Contents } = await list({ Prefix: 'l/', StartAfter: 'l/b/1' })
    expect(Contents?.map(({ Key }) => Key)).toEqual(['l/c', 'l/d'])
  })
})

describe('bucket', () => {
  it('can be created, found, listed and deleted', async () => {
    const Bucket = 'new-bucket'
    await server.s3.client.send(new CreateBucketCommand({ Bucket }))
    await server.s3.client.send(new HeadBucketCommand({ Bucket }))
    const again = server.s3.client.send(new CreateBucketCommand({ Bucket }))
    expect(await failure(again)).toEqual({ name: 'BucketAlreadyOwnedByYou', status: 409 })
    const { Buckets } = await server.s3.client.send(new ListBucketsCommand())
    expect(Buckets).toMatchObject([{ Name: BUCKET }, { Name: Bucket }])
    await put('key', 'x', { Bucket })
    const full = server.s3.client.send(new DeleteBucketCommand({ Bucket }))
    expect(await failure(full)).toEqual({ name: 'BucketNotEmpty', status: 409 })
    await server.s3.client.send(new DeleteObjectCommand({ Bucket, Key: 'key' }))
    await server.s3.client.send(new DeleteBucketCommand({ Bucket }))
    const gone = server.s3.client.send(new HeadBucketCommand({ Bucket }))
    expect(await failure(gone)).toMatchObject({ status: 404 })
  })
})

describe('versioning', () => {
  it('stores every version until a request deletes it by its id', async () => {
    await setVersioning('Enabled')
    const first = await put('key', 'first')
    const second = await put('key', 'second')
    expect(first.VersionId).not.toBe(second.VersionId)
    expect(server.s3.objects(BUCKET)).toMatchObject([{ versionId: second.VersionId, size: 6 }])
    expect((await get('key', { VersionId: first.VersionId })).text).toBe('first')
    const remove = new DeleteObjectCommand({ Bucket: BUCKET, Key: 'key', VersionId: second.VersionId })
    await server.s3.client.send(remove)
    expect((await get('key')).text).toBe('first')
  })

  it('hides an object behind a delete marker', async () => {
    await setVersioning('Enabled')
    await put('key')
    const remove = new DeleteObjectCommand({ Bucket: BUCKET, Key: 'key' })
    const { VersionId, DeleteMarker } = await server.s3.client.send(remove)
    expect(DeleteMarker).toBe(true)
    expect(server.s3.objects(BUCKET)).toEqual([])
    expect(await failure(get('key'))).toEqual({ name: 'NoSuchKey', status: 404 })
    expect(await failure(get('key', { VersionId }))).toMatchObject({ status: 405 })
    const listed = await server.s3.client.send(new ListObjectVersionsCommand({ Bucket: BUCKET }))
    expect(listed.Versions).toMatchObject([{ Key: 'key', IsLatest: false }])
    expect(listed.DeleteMarkers).toMatchObject([{ Key: 'key', IsLatest: true, VersionId }])
    const restore = new DeleteObjectCommand({ Bucket: BUCKET, Key: 'key', VersionId })
    expect(await server.s3.client.send(restore)).toMatchObject({ DeleteMarker: true, VersionId })
    expect((await get('key')).text).toBe('hello')
  })

  it('replaces the version "null" while suspended', async () => {
    await setVersioning('Enabled')
    const kept = await put('key', 'kept')
    await setVersioning('Suspended')
    const status = await server.s3.client.send(new GetBucketVersioningCommand({ Bucket: BUCKET }))
    expect(status.Status).toBe('Suspended')
    await put('key', 'one')
    await put('key', 'two')
    const { Versions } = await server.s3.client.send(new ListObjectVersionsCommand({ Bucket: BUCKET }))
    expect(Versions?.map(({ VersionId }) => VersionId)).toEqual(['null', kept.VersionId])
  })

  it('lists versions in pages, newest first', async () => {
    await setVersioning('Enabled')
    for (const key of ['a', 'b', 'b', 'b', 'c']) await put(key)
    const seen: (string | undefined)[] = []
    let markers: { KeyMarker?: string; VersionIdMarker?: string } | undefined = {}
    while (markers) {
      const command: ListObjectVersionsCommand = new ListObjectVersionsCommand({
        Bucket: BUCKET,
        MaxKeys: 2,
        ...markers,
      })
      const page = await server.s3.client.send(command)
      seen.push(...(page.Versions ?? []).map(({ Key, IsLatest }) => `${Key}${IsLatest ? '*' : ''}`))
      markers = page.IsTruncated
        ? { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
        : undefined
    }
    expect(seen).toEqual(['a*', 'b*', 'b', 'b', 'c*'])
  })
})
