import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  HeadBucketCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { describe, expect, it } from 'vitest'
import { AwsChunkedDecoder } from '../../testing/body/aws-chunked.ts'
import { readDeclaredBody } from '../../testing/body/declared-body.ts'
import { readBody } from '../../testing/body/read-body.ts'
import { type S3Server, startS3 } from '../../testing/index.ts'
import { RequestLog } from '../../testing/request-log.ts'
import { BUCKET, failure, MIB, plainClient, readAll, sendHeaders, useS3 } from './support.ts'

const server = useS3()
const KEY = { Bucket: BUCKET, Key: 'key' }

describe('maxRecordedRequests', () => {
  const headBucket = (s3: S3Server) => s3.client.send(new HeadBucketCommand({ Bucket: BUCKET }))

  it('keeps the newest requests and counts all', async () => {
    const s3 = await startS3({ buckets: [BUCKET], maxRecordedRequests: 3 })
    const { requests } = s3
    const seen: number[] = []
    s3.fault(({ n }) => {
      seen.push(n)
      return undefined
    })
    for (let i = 0; i < 5; i++) await headBucket(s3)
    expect(requests).toMatchObject([3, 4, 5].map(n => ({ n, status: 200 })))
    expect(seen).toEqual([1, 2, 3, 4, 5])
    s3.reset()
    await headBucket(s3)
    expect(requests).toMatchObject([{ n: 1 }])
    await s3.close()
  })

  it('can be 0', async () => {
    const s3 = await startS3({ buckets: [BUCKET], maxRecordedRequests: 0 })
    await headBucket(s3)
    expect(s3.requests).toEqual([])
    await s3.close()
  })

  it('drops the oldest of many requests', () => {
    const log = new RequestLog(10_000)
    const target = { operation: 'HeadBucket', bucket: BUCKET, key: '', query: new URLSearchParams() }
    for (let n = 1; n <= 10_050; n++) log.add('HEAD', target, {})
    expect(log.records).toHaveLength(10_000)
    expect(log.records[0]?.n).toBe(51)
  })
})

describe('request body', () => {
  const declare = (headers: Record<string, string>) =>
    readDeclaredBody(headers, 'STREAMING-UNSIGNED-PAYLOAD-TRAILER')

  it('is rejected as soon as it exceeds its declared size', async () => {
    const endless = new Readable({
      read() {
        setImmediate(() => this.push(Buffer.alloc(10)))
      },
    })
    endless.unshift(Buffer.from('fffffff\r\n'))
    const source = { request: endless as IncomingMessage, sendContinue() {} }
    const declared = declare({ 'x-amz-decoded-content-length': '100' })
    const read = readBody(source, declared, { maxSize: MIB, keep: true })
    await expect(read).rejects.toMatchObject({ code: 'IncompleteBody' })
    endless.destroy()
  })

  it('is rejected before it is read if it declares more than the limit', async () => {
    const request = new Readable({
      read() {
        throw new Error('read')
      },
    }) as IncomingMessage
    const declared = declare({ 'x-amz-decoded-content-length': '101' })
    const read = readBody({ request, sendContinue() {} }, declared, { maxSize: 100, keep: true })
    await expect(read).rejects.toMatchObject({ code: 'EntityTooLarge' })
  })

  it('has at most 16 trailers', () => {
    const decoder = new AwsChunkedDecoder(() => {})
    decoder.write(Buffer.from('0\r\n'))
    for (let i = 0; i < 16; i++) decoder.write(Buffer.from(`name-${i}: x\r\n`))
    expect(() => decoder.write(Buffer.from('one-more: x\r\n'))).toThrow(/16 trailers/)
  })

  it('is rejected before it is read if it declares more than 4 MiB of XML', async () => {
    const command = new CompleteMultipartUploadCommand({ ...KEY, UploadId: 'id' })
    const url = await getSignedUrl(plainClient(server.s3), command)
    const headers = [`Content-Length: ${4 * MIB + 1}`, 'Expect: 100-continue']
    const socket = await sendHeaders(url, headers, '', 'POST')
    expect(await readAll(socket)).toMatch(/^HTTP\/1.1 400 .*<Code>EntityTooLarge<\/Code>/s)
  })
})

describe('storeBodies as a number, for a multipart upload', () => {
  async function withUpload(
    sizes: readonly (readonly [partNumber: number, size: number])[],
    numbers: readonly number[],
  ) {
    const s3 = await startS3({ buckets: [BUCKET], storeBodies: 10, minPartSize: 1 })
    const { UploadId } = await s3.client.send(new CreateMultipartUploadCommand(KEY))
    const etags = new Map<number, string | undefined>()
    for (const [PartNumber, size] of sizes) {
      const part = { ...KEY, UploadId, PartNumber, Body: Buffer.alloc(size, 1) }
      etags.set(PartNumber, (await s3.client.send(new UploadPartCommand(part))).ETag)
    }
    const Parts = numbers.map(PartNumber => ({ PartNumber, ETag: etags.get(PartNumber) }))
    const completed = { ...KEY, UploadId, MultipartUpload: { Parts } }
    await s3.client.send(new CompleteMultipartUploadCommand(completed))
    const [stored] = s3.objects(BUCKET)
    const got = await failure(plainClient(s3).send(new GetObjectCommand(KEY))).catch(() => 'received')
    await s3.close()
    return [stored?.size, stored?.body.length, got]
  }
  const notStored = { name: 'NotImplemented', status: 501 }

  it('stores an object up to the size', async () => {
    expect(
      await withUpload(
        [
          [1, 6],
          [2, 4],
        ],
        [1, 2],
      ),
    ).toEqual([10, 10, 'received'])
    expect(
      await withUpload(
        [
          [1, 6],
          [2, 0],
        ],
        [1, 2],
      ),
    ).toEqual([6, 6, 'received'])
  })

  it('stores no bytes of a larger object', async () => {
    expect(
      await withUpload(
        [
          [1, 6],
          [2, 5],
        ],
        [1, 2],
      ),
    ).toEqual([11, 0, notStored])
  })

  it('stores no part of the bytes if the upload was larger before', async () => {
    expect(
      await withUpload(
        [
          [1, 6],
          [2, 5],
          [2, 1],
        ],
        [1, 2],
      ),
    ).toEqual([7, 0, notStored])
  })
})
