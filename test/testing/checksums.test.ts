import { createHash, randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { crc32 } from 'node:zlib'
import {
  type ChecksumAlgorithm,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  HeadObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { BUCKET, failure, plainClient, presignPut, send, useS3 } from './support.ts'

const server = useS3({ minPartSize: 1 })

/** Check values of 123456789 from https://reveng.sourceforge.io/crc-catalogue/ and the SHA standards. */
const CHECK_VALUES = {
  CRC32: Buffer.from('cbf43926', 'hex').toString('base64'),
  CRC32C: Buffer.from('e3069283', 'hex').toString('base64'),
  CRC64NVME: Buffer.from('ae8b14860a799888', 'hex').toString('base64'),
  SHA1: createHash('sha1').update('123456789').digest('base64'),
  SHA256: createHash('sha256').update('123456789').digest('base64'),
}
const ALGORITHMS = Object.keys(CHECK_VALUES) as (keyof typeof CHECK_VALUES)[]

describe.each(ALGORITHMS)('%s', algorithm => {
  const member = `Checksum${algorithm}`
  const field = algorithm.toLowerCase()
  const right = CHECK_VALUES[algorithm]
  const wrong = Buffer.alloc(Buffer.from(right, 'base64').length, 1).toString('base64')
  const input = { Bucket: BUCKET, Key: 'key', Body: '123456789' }

  it('is accepted in a header, stored and returned', async () => {
    const response = await server.s3.client.send(new PutObjectCommand({ ...input, [member]: right }))
    expect(response).toMatchObject({ [member]: right })
    expect(server.s3.objects(BUCKET)[0]?.checksums).toEqual({ [field]: right })
    const head = new HeadObjectCommand({ Bucket: BUCKET, Key: 'key', ChecksumMode: 'ENABLED' })
    expect(await server.s3.client.send(head)).toMatchObject({ [member]: right, ChecksumType: 'FULL_OBJECT' })
  })

  it('is rejected in a header if it does not match', async () => {
    const sent = server.s3.client.send(new PutObjectCommand({ ...input, [member]: wrong }))
    expect(await failure(sent)).toEqual({ name: 'BadDigest', status: 400 })
    expect(server.s3.objects(BUCKET)).toEqual([])
  })

  it('is accepted in a trailer, stored and returned', async () => {
    const response = await server.s3.client.send(new PutObjectCommand(streamed(algorithm)))
    expect(response).toMatchObject({ [member]: right })
    expect(server.s3.requests).toMatchObject([
      { size: 9, headers: { 'x-amz-trailer': `x-amz-checksum-${field}` } },
    ])
    const [stored] = server.s3.objects(BUCKET)
    expect([stored?.body.toString(), stored?.checksums]).toEqual(['123456789', { [field]: right }])
    expect(stored?.headers).not.toHaveProperty('content-encoding')
  })

  it('is rejected in a trailer if it does not match', async () => {
    const client = tamperingClient(text => text.replace(right, wrong))
    const sent = client.send(new PutObjectCommand(streamed(algorithm)))
    expect(await failure(sent)).toEqual({ name: 'BadDigest', status: 400 })
    expect(server.s3.objects(BUCKET)).toEqual([])
  })
})

function streamed(ChecksumAlgorithm: ChecksumAlgorithm) {
  const Body = Readable.from([Buffer.from('1234'), Buffer.from('56789')])
  return { Bucket: BUCKET, Key: 'key', Body, ContentLength: 9, ChecksumAlgorithm }
}

/** Creates a client that changes every chunk of a streamed body before it sends it. */
function tamperingClient(change: (text: string) => string) {
  const client = plainClient(server.s3)
  client.middlewareStack.add(
    next => args => {
      const request = args.request as { body: Readable }
      const chunks = request.body.map((chunk: Buffer | string) =>
        Buffer.from(change(chunk.toString('latin1')), 'latin1'),
      )
      return next({ ...args, request: Object.assign(request, { body: Readable.from(chunks) }) })
    },
    { step: 'finalizeRequest', priority: 'low' },
  )
  return client
}

describe('aws-chunked body', () => {
  it.each([
    ['is shorter than declared', '4\r\n5678\r\n'],
    ['is longer than declared', '6\r\n567890\r\n'],
    ['has a chunk without a size', 'zz\r\n56789\r\n'],
  ])('is rejected if it %s', async (_, chunk) => {
    const client = tamperingClient(text => text.replace('5\r\n56789\r\n', chunk))
    const sent = client.send(new PutObjectCommand(streamed('CRC32')))
    expect(await failure(sent)).toEqual({ name: 'IncompleteBody', status: 400 })
    expect(server.s3.objects(BUCKET)).toEqual([])
  })

  it('is rejected if its trailer is missing', async () => {
    const client = tamperingClient(text => text.replace('x-amz-checksum-crc32:', 'x-other:'))
    const sent = client.send(new PutObjectCommand(streamed('CRC32')))
    expect(await failure(sent)).toEqual({ name: 'MalformedTrailerError', status: 400 })
  })
})

describe('Content-MD5', () => {
  it.each([
    ['123456789', 200],
    ['other', 400],
  ])('of %s returns status %i', async (text, status) => {
    const md5 = createHash('md5').update(text).digest('base64')
    const url = await presignPut(server.s3, 'key')
    const response = await send('PUT', url, { headers: { 'content-md5': md5 }, body: '123456789' })
    expect(response.status).toBe(status)
    expect(server.s3.objects(BUCKET)).toHaveLength(status === 200 ? 1 : 0)
  })
})

describe('checksum of a multipart upload', () => {
  const parts = [randomBytes(100_001), randomBytes(3), randomBytes(70_000)]
  const whole = Buffer.concat(parts)

  async function upload(ChecksumAlgorithm: ChecksumAlgorithm, ChecksumType: 'COMPOSITE' | 'FULL_OBJECT') {
    const target = { Bucket: BUCKET, Key: 'key' }
    const created = new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm, ChecksumType })
    const { UploadId } = await server.s3.client.send(created)
    const Parts = []
    for (const [index, Body] of parts.entries()) {
      const part = { ...target, UploadId, PartNumber: index + 1, Body, ChecksumAlgorithm }
      const { $metadata: _, ...response } = await server.s3.client.send(new UploadPartCommand(part))
      Parts.push({ PartNumber: index + 1, ...response })
    }
    return { ...target, UploadId, MultipartUpload: { Parts } }
  }

  /** Returns the checksum that PutObject computes for the same bytes. */
  async function checksumOfWhole(ChecksumAlgorithm: ChecksumAlgorithm) {
    const input = { Bucket: BUCKET, Key: 'whole', Body: whole, ChecksumAlgorithm }
    await server.s3.client.send(new PutObjectCommand(input))
    return server.s3.objects(BUCKET).find(({ key }) => key === 'whole')?.checksums
  }

  it.each(['CRC32', 'CRC32C', 'CRC64NVME'] as const)('is %s of the whole object', async algorithm => {
    await server.s3.client.send(new CompleteMultipartUploadCommand(await upload(algorithm, 'FULL_OBJECT')))
    const stored = server.s3.objects(BUCKET)[0]
    expect(stored?.body.equals(whole)).toBe(true)
    expect(stored?.checksums).toEqual(await checksumOfWhole(algorithm))
  })

  it('is the SHA-256 of the SHA-256 of each S3 part', async () => {
    const digests = parts.map(part => createHash('sha256').update(part).digest())
    const expected = createHash('sha256').update(Buffer.concat(digests)).digest('base64')
    const command = new CompleteMultipartUploadCommand(await upload('SHA256', 'COMPOSITE'))
    expect(await server.s3.client.send(command)).toMatchObject({ ChecksumSHA256: `${expected}-3` })
  })

  it('is compared with the checksum that the client declares', async () => {
    const input = await upload('CRC32', 'FULL_OBJECT')
    const wrong = new CompleteMultipartUploadCommand({ ...input, ChecksumCRC32: 'AAAAAA==' })
    expect(await failure(server.s3.client.send(wrong))).toEqual({ name: 'BadDigest', status: 400 })
    expect(server.s3.objects(BUCKET)).toEqual([])
    const value = Buffer.alloc(4)
    value.writeUInt32BE(crc32(whole))
    const right = new CompleteMultipartUploadCommand({ ...input, ChecksumCRC32: value.toString('base64') })
    expect(await server.s3.client.send(right)).toMatchObject({ ChecksumType: 'FULL_OBJECT' })
  })

  it('must use the same algorithm for each S3 part', async () => {
    const target = { Bucket: BUCKET, Key: 'key' }
    const created = new CreateMultipartUploadCommand({ ...target, ChecksumAlgorithm: 'SHA256' })
    const { UploadId } = await server.s3.client.send(created)
    const part = new UploadPartCommand({
      ...target,
      UploadId,
      PartNumber: 1,
      Body: 'x',
      ChecksumAlgorithm: 'CRC32',
    })
    expect(await failure(server.s3.client.send(part))).toEqual({ name: 'InvalidRequest', status: 400 })
    expect(server.s3.uploads(BUCKET)).toMatchObject([{ parts: [] }])
  })
})
