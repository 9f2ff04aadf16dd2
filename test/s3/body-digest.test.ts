import { PutObjectCommand, S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { BodyDigest, digestKinds } from '../../src/s3/body-digest.ts'
import { bytes, MB } from '../support/bytes.ts'
import { slices } from '../support/incoming.ts'

const clientFor = (endpoint: string | undefined, config: S3ClientConfig = {}) =>
  new S3Client({
    ...(endpoint && { endpoint }),
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    ...config,
  })

/** What the SDK says of a body. */
async function sdkHeaders(Body: Buffer): Promise<Record<string, string>> {
  const sent: Record<string, string>[] = []
  const requestHandler = {
    async handle({ headers }: { headers: Record<string, string> }) {
      sent.push(headers)
      return { response: { statusCode: 200, headers: {}, body: undefined } }
    },
  }
  const client = clientFor('http://s3.test', { requestHandler: requestHandler as never })
  await client.send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body }))
  return sent[0] ?? {}
}

describe('the digest of a body', () => {
  it.each([0, 1, 100_000, 5 * MB])("of %i bytes is the SDK's", async size => {
    const body = bytes(size)
    const digest = new BodyDigest({ checksum: 'CRC32', signed: true })
    for (const chunk of slices(body, 65_536)) digest.update(chunk)
    const headers = digest.end()
    expect(Object.keys(headers).sort()).toEqual([
      'x-amz-checksum-crc32',
      'x-amz-content-sha256',
      'x-amz-sdk-checksum-algorithm',
    ])
    expect(await sdkHeaders(body)).toMatchObject(headers)
  })

  it.each([undefined, 'CRC32C', 'SHA256'] as const)('leaves the checksum %s to the SDK', checksum => {
    const digest = new BodyDigest({ checksum, signed: false })
    digest.update(bytes(10))
    expect(digest.end()).toEqual({})
  })
})

describe('the kinds of digests', () => {
  it.each([
    ['https://s3.test', undefined, false],
    [undefined, undefined, false],
    ['http://s3.test', undefined, true],
    ['http://s3.test', true, false],
    ['https://s3.test', false, true],
  ])('at %s with unsignedPayload: %s, signed: %s', async (endpoint, unsignedPayload, signed) => {
    expect(await digestKinds(clientFor(endpoint), {}, unsignedPayload)).toEqual({ checksum: 'CRC32', signed })
  })

  it.each([
    ['WHEN_SUPPORTED', undefined, 'CRC32'],
    ['WHEN_REQUIRED', undefined, undefined],
    ['WHEN_REQUIRED', 'CRC32', 'CRC32'],
    ['WHEN_SUPPORTED', 'SHA256', 'SHA256'],
  ] as const)(
    'with checksums %s and the algorithm %s: %s',
    async (calculation, ChecksumAlgorithm, expected) => {
      const client = clientFor(undefined, { requestChecksumCalculation: calculation })
      const params = ChecksumAlgorithm && { ChecksumAlgorithm }
      expect(await digestKinds(client, { ...params }, undefined)).toMatchObject({ checksum: expected })
    },
  )

  it.each([{}, { requestChecksumCalculation: 'WHEN_REQUIRED' }])(
    'are none for a client that knows nothing of checksums: %o',
    async config => {
      const client = { config, send: async () => ({}) } as never
      expect(await digestKinds(client, {}, undefined)).toEqual({ checksum: undefined, signed: false })
    },
  )
})
