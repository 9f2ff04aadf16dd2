import { createHash } from 'node:crypto'
import {
  CreateMultipartUploadCommand,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { decidePayload } from '../../src/s3/payload.ts'
import { prepareBody } from '../../src/s3/request-body.ts'

const BODY = Buffer.alloc(3 * 1024 * 1024)
const HASHED = /^[0-9a-f]{64}$/

interface Sent {
  headers: Record<string, string>
  body?: unknown
}

/** A real client without a socket. Records its requests. */
function clientFor(endpoint: string | undefined, config: Partial<S3ClientConfig> = {}) {
  const sent: Sent[] = []
  const requestHandler = {
    async handle(request: Sent) {
      sent.push({ ...request, headers: { ...request.headers } })
      return { response: { statusCode: 200, headers: {}, body: undefined } }
    },
  }
  const client = new S3Client({
    ...(endpoint && { endpoint }),
    region: 'us-east-1',
    forcePathStyle: true,
    credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    requestHandler: requestHandler as never,
    ...config,
  })
  return { client, sent }
}

const put = () => new PutObjectCommand({ Bucket: 'b', Key: 'k', Body: BODY })
const part = () => new UploadPartCommand({ Bucket: 'b', Key: 'k', UploadId: 'u', PartNumber: 1, Body: BODY })

const checksumNames = (headers: Record<string, string> = {}) =>
  Object.keys(headers).filter(name => name.startsWith('x-amz-checksum-'))

describe('prepareBody', () => {
  it.each([
    ['https', undefined, /^UNSIGNED-PAYLOAD$/],
    ['http', undefined, HASHED],
    ['https', false, HASHED],
    ['http', true, /^UNSIGNED-PAYLOAD$/],
  ] as const)(
    'over %s with unsignedPayload: %s, sends the payload hash %s',
    async (scheme, unsignedPayload, expected) => {
      const { client, sent } = clientFor(`${scheme}://s3.test`)
      await client.send(prepareBody(put(), { unsignedPayload }))
      await client.send(prepareBody(part(), { unsignedPayload }))
      expect(sent).toHaveLength(2)
      for (const { headers, body } of sent) {
        expect(headers['x-amz-content-sha256']).toMatch(expected)
        expect(headers['x-amz-checksum-crc32']).toMatch(/^.{8}$/)
        expect(headers.authorization).toContain('x-amz-content-sha256')
        expect(body).toBe(BODY)
      }
    },
  )

  it('signs a payload without a checksum over https', async () => {
    const { client, sent } = clientFor('https://s3.test', { requestChecksumCalculation: 'WHEN_REQUIRED' })
    await client.send(prepareBody(part(), { unsignedPayload: undefined }))
    expect(Object.keys(sent[0]?.headers ?? {}).filter(name => name.includes('checksum'))).toEqual([])
    expect(sent[0]?.headers['x-amz-content-sha256']).toMatch(HASHED)
  })

  it('sends our hash for a payload without a checksum over https', async () => {
    const { client, sent } = clientFor('https://s3.test', { requestChecksumCalculation: 'WHEN_REQUIRED' })
    const digests = { 'x-amz-content-sha256': 'f'.repeat(64) }
    await client.send(prepareBody(part(), { unsignedPayload: undefined }, digests))
    expect(checksumNames(sent[0]?.headers)).toEqual([])
    expect(sent[0]?.headers).toMatchObject(digests)
  })

  it.each([
    ['http://s3.test', HASHED],
    ['https://s3.test', /^UNSIGNED-PAYLOAD$/],
  ])('applies the rule to an endpoint from the environment: %s', async (endpoint, expected) => {
    vi.stubEnv('AWS_ENDPOINT_URL_S3', endpoint)
    onTestFinished(() => void vi.unstubAllEnvs())
    const { client, sent } = clientFor(undefined)
    expect(await decidePayload(client, {}, undefined)).toEqual({ checksum: 'CRC32', signed: undefined })
    await client.send(prepareBody(put(), { unsignedPayload: undefined }))
    expect(sent[0]?.headers['x-amz-content-sha256']).toMatch(expected)
  })

  it('signs the payload over https if a middleware of the client removes the checksum', async () => {
    const { client, sent } = clientFor('https://s3.test')
    client.middlewareStack.add(
      next => args => {
        const { headers } = args.request as Sent
        for (const name of checksumNames(headers)) delete headers[name]
        return next(args)
      },
      { step: 'build', priority: 'low' },
    )
    await client.send(prepareBody(put(), { unsignedPayload: undefined }))
    expect(checksumNames(sent[0]?.headers)).toEqual([])
    expect(sent[0]?.headers['x-amz-content-sha256']).toMatch(HASHED)
  })

  it.each([
    [undefined, undefined],
    [2_097_152, undefined],
    [false, undefined],
    [true, '100-continue'],
  ])(
    'with expectContinueHeader: %s of the client, sends Expect: %s',
    async (expectContinueHeader, expected) => {
      const { client, sent } = clientFor(
        'https://s3.test',
        expectContinueHeader === undefined ? {} : { expectContinueHeader },
      )
      await client.send(prepareBody(part(), { unsignedPayload: undefined, expectContinueHeader }))
      expect(sent[0]?.headers.Expect).toBe(expected)
    },
  )

  it('sends the digests that it was given, and no others', async () => {
    const { client, sent } = clientFor('http://s3.test')
    const digests = { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-content-sha256': 'f'.repeat(64) }
    await client.send(prepareBody(put(), { unsignedPayload: undefined }, digests))
    await client.send(prepareBody(part(), { unsignedPayload: undefined }, digests))
    expect(sent).toHaveLength(2)
    for (const { headers } of sent) {
      expect(headers).toMatchObject(digests)
      expect(checksumNames(headers)).toEqual(['x-amz-checksum-crc32'])
    }
  })

  describe('with middlewares of the client', () => {
    const digests = { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-content-sha256': 'f'.repeat(64) }
    const hello = Buffer.from('hello')

    it.each(['initialize', 'build'] as const)(
      "sends the SDK's digests for a body replaced in step %s",
      async step => {
        const { client, sent } = clientFor('http://s3.test')
        if (step === 'initialize') {
          client.middlewareStack.add(
            next => args => next({ ...args, input: { ...args.input, Body: hello } }),
            {
              step,
            },
          )
        } else {
          client.middlewareStack.add(
            next => args => {
              const request = args.request as Sent
              request.body = hello
              request.headers['content-length'] = '5'
              return next(args)
            },
            { step },
          )
        }
        await client.send(prepareBody(put(), { unsignedPayload: undefined }, digests))
        expect(sent[0]?.headers).toMatchObject({
          'x-amz-checksum-crc32': 'NhCmhg==',
          'x-amz-content-sha256': createHash('sha256').update('hello').digest('hex'),
        })
      },
    )

    it.each([
      [{ ChecksumAlgorithm: 'SHA256' as const }, 'x-amz-checksum-sha256'],
      [{ ChecksumSHA256: 'given' }, 'x-amz-checksum-sha256'],
    ])('sends only the checksum that they request: %o', async (params, expected) => {
      const { client, sent } = clientFor('http://s3.test')
      client.middlewareStack.add(next => args => next({ ...args, input: { ...args.input, ...params } }), {
        step: 'initialize',
      })
      await client.send(prepareBody(put(), { unsignedPayload: undefined }, digests))
      expect(checksumNames(sent[0]?.headers)).toEqual([expected])
    })
  })

  it("does not change the client's other requests", async () => {
    const { client, sent } = clientFor('https://s3.test')
    await client.send(prepareBody(put(), { unsignedPayload: true }))
    await client.send(put())
    await client.send(new CreateMultipartUploadCommand({ Bucket: 'b', Key: 'k' })).catch(() => {})
    expect(sent.map(({ headers }) => headers.Expect)).toEqual([undefined, '100-continue', undefined])
    expect(sent[1]?.headers['x-amz-content-sha256']).toMatch(HASHED)
    expect(sent[2]?.headers['x-amz-content-sha256']).toMatch(HASHED)
  })
})
