import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  type CreateMultipartUploadCommandInput,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { type S3Server, startS3 } from '../../testing/index.ts'
import { BUCKET, failure, MIB, useS3 } from './support.ts'

const server = useS3()
const crc32Of = (data: string) =>
  Buffer.from(crc32(data).toString(16).padStart(8, '0'), 'hex').toString('base64')
const md5 = (data: string | Buffer) => createHash('md5').update(data)

function multipart(s3: S3Server, Key = 'key') {
  const target = { Bucket: BUCKET, Key }
  return {
    async create(input: Partial<CreateMultipartUploadCommandInput> = {}) {
      const { UploadId } = await s3.client.send(new CreateMultipartUploadCommand({ ...target, ...input }))
      return UploadId ?? ''
    },
    async part(UploadId: string, PartNumber: number, Body: string | Buffer) {
      const response = await s3.client.send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body }))
      return { PartNumber, ETag: response.ETag }
    },
    complete(UploadId: string, Parts: CompletedPart[], IfNoneMatch?: string) {
      const input = { ...target, UploadId, MultipartUpload: { Parts }, IfNoneMatch }
      return s3.client.send(new CompleteMultipartUploadCommand(input))
    },
    abort(UploadId: string) {
      return s3.client.send(new AbortMultipartUploadCommand({ ...target, UploadId }))
    },
  }
}

describe('multipart upload', () => {
  it('concatenates the S3 parts in order of their numbers', async () => {
    const { create, part, complete } = multipart(server.s3, 'a b/ü')
    const id = await create({ ContentType: 'image/png', CacheControl: 'no-cache', Metadata: { a: '1' } })
    const [first, last] = [Buffer.alloc(5 * MIB, 1), Buffer.from('end')]
    const seven = await part(id, 7, last)
    const three = await part(id, 3, first)
    expect(server.s3.uploads(BUCKET)).toEqual([
      {
        key: 'a b/ü',
        uploadId: id,
        parts: [
          { partNumber: 3, size: 5 * MIB },
          { partNumber: 7, size: 3 },
        ],
      },
    ])
    const response = await complete(id, [three, seven])
    const etag = `${md5(Buffer.concat([md5(first).digest(), md5(last).digest()])).digest('hex')}-2`
    expect(response).toMatchObject({ ETag: `"${etag}"`, Bucket: BUCKET, Key: 'a b/ü' })
    expect(response.Location).toBe(`${server.s3.endpoint}/${BUCKET}/a%20b/%C3%BC`)
    const [stored] = server.s3.objects(BUCKET)
    expect(stored).toMatchObject({
      key: 'a b/ü',
      etag,
      type: 'image/png',
      metadata: { a: '1' },
      size: 5 * MIB + 3,
    })
    expect(stored).toMatchObject({ parts: [5 * MIB, 3], headers: { 'cache-control': 'no-cache' } })
    expect(stored?.body.equals(Buffer.concat([first, last]))).toBe(true)
    expect(server.s3.uploads(BUCKET)).toEqual([])
  })

  it('returns the size of one S3 part of the completed object', async () => {
    const { create, part, complete } = multipart(server.s3)
    const id = await create()
    await complete(id, [await part(id, 1, Buffer.alloc(5 * MIB)), await part(id, 2, 'end')])
    const head = new HeadObjectCommand({ Bucket: BUCKET, Key: 'key', PartNumber: 2 })
    expect(await server.s3.client.send(head)).toMatchObject({ ContentLength: 3, PartsCount: 2 })
  })

  it('replaces an S3 part that is sent again', async () => {
    const { create, part, complete } = multipart(server.s3)
    const id = await create()
    const old = await part(id, 1, 'old')
    const renewed = await part(id, 1, 'new')
    expect(await failure(complete(id, [old]))).toEqual({ name: 'InvalidPart', status: 400 })
    await complete(id, [renewed])
    expect(server.s3.objects(BUCKET)[0]?.body.toString()).toBe('new')
  })

  it('sends the same response to a repeated completion', async () => {
    const { create, part, complete } = multipart(server.s3)
    const id = await create()
    const parts = [await part(id, 1, 'x')]
    const { $metadata: _, ...first } = await complete(id, parts)
    expect(await complete(id, parts)).toMatchObject(first)
  })

  it('rejects a repeated completion with other S3 parts', async () => {
    const { create, part, complete } = multipart(server.s3)
    const id = await create()
    const [one, two] = [await part(id, 1, Buffer.alloc(5 * MIB)), await part(id, 2, 'x')]
    await complete(id, [one, two])
    expect(await failure(complete(id, [one]))).toEqual({ name: 'NoSuchUpload', status: 404 })
    await complete(id, [one, two])
  })

  it('rejects an S3 part under 5 MiB unless it is the last', async () => {
    const { create, part, complete } = multipart(server.s3)
    const id = await create()
    const parts = [await part(id, 1, Buffer.alloc(5 * MIB - 1)), await part(id, 2, 'x')]
    expect(await failure(complete(id, parts))).toEqual({ name: 'EntityTooSmall', status: 400 })
    expect(server.s3.objects(BUCKET)).toEqual([])
    expect(server.s3.uploads(BUCKET)).toHaveLength(1)
  })

  it('rejects invalid lists of S3 parts', async () => {
    const { create, part, complete } = multipart(server.s3)
    const id = await create()
    const one = await part(id, 1, Buffer.alloc(5 * MIB))
    const two = await part(id, 2, 'x')
    expect(await failure(complete(id, [two, one]))).toMatchObject({ name: 'InvalidPartOrder' })
    expect(await failure(complete(id, [one, one]))).toMatchObject({ name: 'InvalidPartOrder' })
    expect(await failure(complete(id, [{ ...two, PartNumber: 3 }]))).toMatchObject({ name: 'InvalidPart' })
    expect(await failure(complete(id, []))).toMatchObject({ name: 'MalformedXML' })
  })

  it.each([0, 10_001])('rejects part number %i', async partNumber => {
    const { create, part } = multipart(server.s3)
    expect(await failure(part(await create(), partNumber, 'x'))).toMatchObject({ name: 'InvalidArgument' })
  })

  it('fails with NoSuchUpload for another key, or after an abort', async () => {
    const { create, part, abort } = multipart(server.s3)
    const id = await create()
    expect(await failure(multipart(server.s3, 'other').part(id, 1, 'x'))).toMatchObject({
      name: 'NoSuchUpload',
    })
    await abort(id)
    expect(await failure(part(id, 1, 'x'))).toEqual({ name: 'NoSuchUpload', status: 404 })
    expect(await failure(abort(id))).toEqual({ name: 'NoSuchUpload', status: 404 })
    expect(server.s3.uploads(BUCKET)).toEqual([])
  })

  it('does not replace an object with IfNoneMatch', async () => {
    const { create, part, complete } = multipart(server.s3)
    const id = await create()
    const parts = [await part(id, 1, 'new')]
    await server.s3.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'key', Body: 'old' }))
    expect(await failure(complete(id, parts, '*'))).toEqual({ name: 'PreconditionFailed', status: 412 })
    expect(server.s3.objects(BUCKET)[0]?.body.toString()).toBe('old')
    expect(server.s3.uploads(BUCKET)).toHaveLength(1)
  })

  it('lists its S3 parts in pages', async () => {
    const { create, part } = multipart(server.s3)
    const id = await create()
    for (const n of [3, 1, 2]) await part(id, n, 'x'.repeat(n))
    const input = { Bucket: BUCKET, Key: 'key', UploadId: id }
    const first = await server.s3.client.send(new ListPartsCommand({ ...input, MaxParts: 2 }))
    expect(first.Parts?.map(({ PartNumber, Size }) => [PartNumber, Size])).toEqual([
      [1, 1],
      [2, 2],
    ])
    expect(first.IsTruncated).toBe(true)
    const next = { ...input, PartNumberMarker: first.NextPartNumberMarker }
    const second = await server.s3.client.send(new ListPartsCommand(next))
    expect(second).toMatchObject({ IsTruncated: false, Parts: [{ PartNumber: 3 }] })
  })

  it('is listed in pages, sorted by key and age', async () => {
    const ids: string[] = []
    for (const key of ['b', 'a', 'b', 'c', 'other']) ids.push(await multipart(server.s3, key).create())
    const [b1, a, b2, c] = ids
    const seen: (string | undefined)[] = []
    let page: { KeyMarker?: string; UploadIdMarker?: string } | undefined = {}
    while (page) {
      const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
        Bucket: BUCKET,
        MaxUploads: 2,
        ...page,
      })
      const { Uploads = [], IsTruncated, ...next } = await server.s3.client.send(command)
      expect(Uploads.length).toBeLessThanOrEqual(2)
      seen.push(...Uploads.map(({ UploadId }) => UploadId))
      page = IsTruncated
        ? { KeyMarker: next.NextKeyMarker, UploadIdMarker: next.NextUploadIdMarker }
        : undefined
    }
    expect(seen).toEqual([a, b1, b2, c, ids[4]])
    const prefixed = new ListMultipartUploadsCommand({ Bucket: BUCKET, Prefix: 'oth' })
    expect((await server.s3.client.send(prefixed)).Uploads).toMatchObject([{ Key: 'other' }])
  })
})

describe('options', () => {
  it('minPartSize lowers the limit', async () => {
    const s3 = await startS3({ buckets: [BUCKET], minPartSize: 2 })
    const { create, part, complete } = multipart(s3)
    const id = await create()
    const parts = [await part(id, 1, 'ab'), await part(id, 2, 'c'), await part(id, 3, 'd')]
    expect(await failure(complete(id, parts))).toMatchObject({ name: 'EntityTooSmall' })
    await complete(id, parts.slice(0, 2))
    expect(s3.objects(BUCKET)).toMatchObject([{ parts: [2, 1] }])
    await s3.close()
  })

  it('requirePartChecksums rejects a completion without checksums', async () => {
    const s3 = await startS3({ buckets: [BUCKET], requirePartChecksums: true })
    const { create, part, complete } = multipart(s3)
    const id = await create({ ChecksumAlgorithm: 'CRC32' })
    const uploaded = await part(id, 1, 'x')
    expect(await failure(complete(id, [uploaded]))).toEqual({ name: 'InvalidRequest', status: 400 })
    await complete(id, [{ ...uploaded, ChecksumCRC32: crc32Of('x') }])
    expect(s3.objects(BUCKET)).toHaveLength(1)
    await s3.close()
  })
})
