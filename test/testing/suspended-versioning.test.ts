import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { describe, expect, it } from 'vitest'
import { type S3Server, startS3 } from '../../testing/index.ts'
import { BUCKET, failure, send, useS3 } from './support.ts'

const server = useS3()
const KEY = { Bucket: BUCKET, Key: 'key' }

async function setVersioning(Status: 'Enabled' | 'Suspended', s3 = server.s3) {
  await s3.client.send(
    new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration: { Status } }),
  )
}

const put = (Body: string, s3 = server.s3) => s3.client.send(new PutObjectCommand({ ...KEY, Body }))
const remove = (VersionId?: string) => server.s3.client.send(new DeleteObjectCommand({ ...KEY, VersionId }))
const head = (VersionId?: string, s3 = server.s3) =>
  s3.client.send(new HeadObjectCommand({ ...KEY, VersionId }))

async function get(VersionId?: string) {
  const response = await server.s3.client.send(new GetObjectCommand({ ...KEY, VersionId }))
  return { text: await response.Body?.transformToString(), versionId: response.VersionId }
}

async function putMultipart(Body: string, s3: S3Server = server.s3) {
  const { UploadId } = await s3.client.send(new CreateMultipartUploadCommand(KEY))
  const upload = { ...KEY, UploadId }
  const { ETag } = await s3.client.send(new UploadPartCommand({ ...upload, PartNumber: 1, Body }))
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
  return s3.client.send(new CompleteMultipartUploadCommand({ ...upload, MultipartUpload }))
}

/** Returns the version ids of the key, newest first; delete markers end with `†`. */
async function versions(): Promise<(string | undefined)[]> {
  const url = await getSignedUrl(server.s3.client, new ListObjectVersionsCommand({ Bucket: BUCKET }))
  const { body } = await send('GET', url)
  return [...body.matchAll(/<(Version|DeleteMarker)>.*?<VersionId>(.*?)</g)].map(
    ([, kind, id]) => id + (kind === 'Version' ? '' : '†'),
  )
}

/** Stores one real version, then suspends versioning. Returns the id of the version. */
async function keepOneVersion(): Promise<string> {
  await setVersioning('Enabled')
  const { VersionId = '' } = await put('kept')
  await setVersioning('Suspended')
  return VersionId
}

describe('suspended versioning', () => {
  it('stores the null version, replaces it, and keeps real versions', async () => {
    const kept = await keepOneVersion()
    expect((await put('one')).VersionId).toBe('null')
    expect(await versions()).toEqual(['null', kept])
    expect((await put('two')).VersionId).toBe('null')
    expect((await putMultipart('three')).VersionId).toBe('null')
    expect(await versions()).toEqual(['null', kept])
    expect(await get()).toEqual({ text: 'three', versionId: 'null' })
    expect(await get('null')).toEqual({ text: 'three', versionId: 'null' })
    expect(await get(kept)).toEqual({ text: 'kept', versionId: kept })
    expect((await head()).VersionId).toBe('null')
    expect(server.s3.objects(BUCKET)).toMatchObject([{ versionId: 'null', size: 5 }])
  })

  it('keeps an object stored before versioning was enabled as the null version', async () => {
    await put('first')
    const kept = await keepOneVersion()
    expect(await versions()).toEqual([kept, 'null'])
    expect(await get('null')).toEqual({ text: 'first', versionId: 'null' })
    await put('second')
    expect(await versions()).toEqual(['null', kept])
    expect((await get('null')).text).toBe('second')
  })

  it('replaces the null version with a delete marker if a request deletes the object', async () => {
    const kept = await keepOneVersion()
    await put('lost')
    expect(await remove()).toMatchObject({ VersionId: 'null', DeleteMarker: true })
    expect(await versions()).toEqual(['null†', kept])
    expect(server.s3.objects(BUCKET)).toEqual([])
    expect(await failure(get())).toEqual({ name: 'NoSuchKey', status: 404 })
    expect(await failure(get('null'))).toMatchObject({ status: 405 })
    expect((await get(kept)).text).toBe('kept')
  })

  it('hides a real version behind a delete marker if there is no null version', async () => {
    const kept = await keepOneVersion()
    expect(await remove()).toMatchObject({ VersionId: 'null', DeleteMarker: true })
    expect(await versions()).toEqual(['null†', kept])
    expect(await remove()).toMatchObject({ VersionId: 'null', DeleteMarker: true })
    expect(await versions()).toEqual(['null†', kept])
    await put('new')
    expect(await versions()).toEqual(['null', kept])
  })

  it('removes the null version only if a request deletes versionId=null', async () => {
    const kept = await keepOneVersion()
    await put('mine')
    const removed = await remove('null')
    expect(removed).toMatchObject({ VersionId: 'null' })
    expect(removed.DeleteMarker).toBeUndefined()
    expect(await versions()).toEqual([kept])
    expect(await get()).toEqual({ text: 'kept', versionId: kept })
    await remove()
    expect(await remove('null')).toMatchObject({ VersionId: 'null', DeleteMarker: true })
    expect(await versions()).toEqual([kept])
    const again = await remove('null')
    expect(again.DeleteMarker).toBeUndefined()
    expect(await versions()).toEqual([kept])
  })

  it('removes the null version with DeleteObjects', async () => {
    const kept = await keepOneVersion()
    await put('mine')
    const Delete = { Objects: [{ Key: 'key', VersionId: 'null' }] }
    await server.s3.client.send(new DeleteObjectsCommand({ Bucket: BUCKET, Delete }))
    expect(await versions()).toEqual([kept])
  })
})

describe('bucket that never had versioning', () => {
  it('has the object as version null, and no version header', async () => {
    const url = (command: GetObjectCommand | HeadObjectCommand | DeleteObjectCommand) =>
      getSignedUrl(server.s3.client, command)
    expect((await put('hello')).VersionId).toBeUndefined()
    for (const VersionId of [undefined, 'null']) {
      const got = await send('GET', await url(new GetObjectCommand({ ...KEY, VersionId })))
      expect(got).toMatchObject({ status: 200, body: 'hello' })
      expect(got.headers).not.toHaveProperty('x-amz-version-id')
      const described = await send('HEAD', await url(new HeadObjectCommand({ ...KEY, VersionId })))
      expect(described.status).toBe(200)
      expect(described.headers).not.toHaveProperty('x-amz-version-id')
    }
    const deleted = await send('DELETE', await url(new DeleteObjectCommand({ ...KEY, VersionId: 'null' })))
    expect(deleted.status).toBe(204)
    expect(deleted.headers).not.toHaveProperty('x-amz-version-id')
    expect(server.s3.objects(BUCKET)).toEqual([])
  })
})

describe('omitNullVersionIds', () => {
  it('omits the version id null from the responses to writes only', async () => {
    const s3 = await startS3({ buckets: [BUCKET], omitNullVersionIds: true })
    await setVersioning('Enabled', s3)
    expect((await put('kept', s3)).VersionId).toMatch(/^[0-9a-f]{32}$/)
    await setVersioning('Suspended', s3)
    expect((await put('one', s3)).VersionId).toBeUndefined()
    expect((await putMultipart('two', s3)).VersionId).toBeUndefined()
    expect((await head(undefined, s3)).VersionId).toBe('null')
    await s3.close()
  })
})
