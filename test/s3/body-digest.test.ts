import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { BodyDigest } from '../../src/s3/body-digest.ts'
import { bytes, MB } from '../support/bytes.ts'
import { slices } from '../support/incoming.ts'

/** The headers that the SDK sends with a body. */
async function sdkHeaders(Body: Buffer): Promise<Record<string, string>> {
  const sent: Record<string, string>[] = []
  const requestHandler = {
    async handle({ headers }: { headers: Record<string, string> }) {
      sent.push(headers)
      return { response: { statusCode: 200, headers: {}, body: undefined } }
    },
  }
  const client = new S3Client({
    endpoint: 'http://s3.test',
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    requestHandler: requestHandler as never,
  })
  await client.send(new PutObjectCommand({ Bucket: 'b', Key: 'k', Body }))
  return sent[0] ?? {}
}

describe('BodyDigest', () => {
  it.each([0, 1, 100_000, 5 * MB])("computes the SDK's headers for %i bytes", async size => {
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

  it.each([undefined, 'CRC32C', 'SHA256'] as const)('leaves checksum %s to the SDK', checksum => {
    const digest = new BodyDigest({ checksum, signed: false })
    digest.update(bytes(10))
    expect(digest.end()).toEqual({})
  })
})
