import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { decidePayload, isSigned } from '../../src/s3/payload.ts'

const clientFor = (endpoint: string | undefined, config: S3ClientConfig = {}) =>
  new S3Client({
    ...(endpoint && { endpoint }),
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    ...config,
  })

/** The whole truth table: 3 values of the option, 3 protocols, with and without a checksum. */
describe('isSigned', () => {
  it.each([
    { unsignedPayload: undefined, protocol: 'https:', hasChecksum: true, signed: false },
    { unsignedPayload: undefined, protocol: 'https:', hasChecksum: false, signed: true },
    { unsignedPayload: undefined, protocol: 'http:', hasChecksum: true, signed: true },
    { unsignedPayload: undefined, protocol: 'http:', hasChecksum: false, signed: true },
    { unsignedPayload: undefined, protocol: undefined, hasChecksum: true, signed: undefined },
    { unsignedPayload: undefined, protocol: undefined, hasChecksum: false, signed: true },
    { unsignedPayload: true, protocol: 'https:', hasChecksum: true, signed: false },
    { unsignedPayload: true, protocol: 'https:', hasChecksum: false, signed: false },
    { unsignedPayload: true, protocol: 'http:', hasChecksum: true, signed: false },
    { unsignedPayload: true, protocol: 'http:', hasChecksum: false, signed: false },
    { unsignedPayload: true, protocol: undefined, hasChecksum: true, signed: false },
    { unsignedPayload: true, protocol: undefined, hasChecksum: false, signed: false },
    { unsignedPayload: false, protocol: 'https:', hasChecksum: true, signed: true },
    { unsignedPayload: false, protocol: 'https:', hasChecksum: false, signed: true },
    { unsignedPayload: false, protocol: 'http:', hasChecksum: true, signed: true },
    { unsignedPayload: false, protocol: 'http:', hasChecksum: false, signed: true },
    { unsignedPayload: false, protocol: undefined, hasChecksum: true, signed: true },
    { unsignedPayload: false, protocol: undefined, hasChecksum: false, signed: true },
  ])(
    'returns $signed for unsignedPayload $unsignedPayload, protocol $protocol, checksum $hasChecksum',
    ({ unsignedPayload, protocol, hasChecksum, signed }) => {
      expect(isSigned(unsignedPayload, protocol, hasChecksum)).toBe(signed)
    },
  )
})

describe('decidePayload', () => {
  it.each([
    ['https://s3.test', undefined, false],
    [undefined, undefined, undefined],
    ['http://s3.test', undefined, true],
    ['http://s3.test', true, false],
    ['https://s3.test', false, true],
  ])(
    'for endpoint %s and unsignedPayload %s, returns signed %s',
    async (endpoint, unsignedPayload, signed) => {
      expect(await decidePayload(clientFor(endpoint), {}, unsignedPayload)).toEqual({
        checksum: 'CRC32',
        signed,
      })
    },
  )

  it.each([
    ['WHEN_SUPPORTED', undefined, 'CRC32', false],
    ['WHEN_REQUIRED', undefined, undefined, true],
    ['WHEN_REQUIRED', 'CRC32', 'CRC32', false],
    ['WHEN_SUPPORTED', 'SHA256', 'SHA256', false],
  ] as const)(
    'for checksums %s and algorithm %s over https, returns checksum %s and signed %s',
    async (calculation, ChecksumAlgorithm, checksum, signed) => {
      const client = clientFor('https://s3.test', { requestChecksumCalculation: calculation })
      const params = ChecksumAlgorithm && { ChecksumAlgorithm }
      expect(await decidePayload(client, { ...params }, undefined)).toEqual({ checksum, signed })
    },
  )

  it.each([{}, { requestChecksumCalculation: 'WHEN_REQUIRED' }])(
    'returns no checksum for a client without that setting: %o',
    async config => {
      const client = { config, send: async () => ({}) } as never
      expect(await decidePayload(client, {}, undefined)).toEqual({ checksum: undefined, signed: true })
    },
  )
})
