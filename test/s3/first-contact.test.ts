import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import { streamToS3, type UploadError } from 's3-upstream'
import { startS3 } from 's3-upstream/testing'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { s3Upload } from '../../adapters/http.ts'
import { bytes, MB } from '../support/bytes.ts'
import { filePart, formBody } from '../support/form-body.ts'
import { incoming } from '../support/incoming.ts'
import { listen, useRunningRoutes } from '../support/routes.ts'
import { killPrograms, runProgram } from '../support/run-program.ts'
import { post } from '../support/send.ts'
import { BUCKET, useStorage } from '../support/storage.ts'

const s3 = await useStorage()
const running = useRunningRoutes()
afterEach(killPrograms)

const { endpoint, region, credentials } = s3
const CHECKSUMS = /requestChecksumCalculation: 'WHEN_REQUIRED'/
const FORM = formBody([filePart('f', 'a.txt', 'hello')])

async function errorOf(client: S3Client, body: Buffer | string = 'hello'): Promise<UploadError> {
  const form = formBody([filePart('f', 'a.txt', body)])
  const outcome = streamToS3(incoming([form]), { bucket: BUCKET, client })
  return outcome.then(
    () => expect.fail('stored'),
    error => error,
  )
}

function clientWith(config: S3ClientConfig): S3Client {
  const client = new S3Client({
    endpoint,
    region,
    credentials,
    forcePathStyle: true,
    maxAttempts: 1,
    ...config,
  })
  onTestFinished(() => client.destroy())
  return client
}

/** One line, which a log can show, with what the developer must set. */
function expectHint(error: UploadError, hint: RegExp): void {
  expect(error).toMatchObject({ code: 'STORAGE_FAILED', status: 502, expose: false })
  expect(error.message).toMatch(hint)
  expect(error.message).not.toMatch(/[\r\n]/)
  expect(error.cause).toBeInstanceOf(Error)
}

async function serve(handler: RequestListener): Promise<string> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe('the first request', () => {
  it.each([
    ['nothing', {}, /Region is missing\. Set AWS_REGION/],
    [
      'a region only',
      { AWS_REGION: 'eu-west-1' },
      /CredentialsProviderError: .*\. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY/,
    ],
  ])('with %s in the environment says what to set', async (_, env, hint) => {
    const clean = { HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true', ...env }
    const { stdout, stderr } = await runProgram('test/support/upload-once.ts', clean)
    expect(stderr).toBe('')
    const lines = stdout.trim().split('\n')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^STORAGE_FAILED /)
    expect(lines[0]).toMatch(hint)
  })

  it('to a bucket that does not exist names the bucket', async () => {
    const error = await streamToS3(incoming([FORM]), { bucket: 'not-there', client: s3.oneTry }).catch(
      error => error,
    )
    expectHint(error, /bucket "not-there" failed: NoSuchBucket \(404\).*\. Create the bucket, or correct/)
  })

  it('to a host that does not exist mentions endpoint and forcePathStyle', async () => {
    const client = clientWith({ endpoint: 'http://store.invalid', forcePathStyle: false })
    expectHint(await errorOf(client), /(ENOTFOUND|EAI_AGAIN).*`endpoint`.*forcePathStyle: true/)
  })

  it('to a port where nothing listens mentions the endpoint', async () => {
    const stopped = await startS3()
    await stopped.close()
    const client = clientWith({ endpoint: stopped.endpoint })
    expectHint(await errorOf(client), /ECONNREFUSED.*\. Nothing accepts connections there.*`endpoint`/)
  })

  it('with https to a port of http mentions the protocol', async () => {
    const address = await serve((_, response) => response.end())
    expectHint(
      await errorOf(clientWith({ endpoint: `https://${address}` })),
      /EPROTO.*http:\/\/ or https:\/\//,
    )
  })

  it('to a web page says that this is no S3 API', async () => {
    const address = await serve((request, response) => {
      request.resume()
      response.writeHead(404, { 'content-type': 'text/html' }).end('<html><body>Not<br>found</body></html>')
    })
    const client = clientWith({ endpoint: `http://${address}` })
    expectHint(await errorOf(client), /The response is not from an S3 API\. Check the client's `endpoint`/)
  })

  it('to a bucket of another region names the region', async () => {
    const address = await serve((request, response) => {
      request.resume()
      response
        .writeHead(301, { 'x-amz-bucket-region': 'eu-west-1' })
        .end(xmlError('PermanentRedirect', 'Use the specified endpoint.'))
    })
    const client = clientWith({ endpoint: `http://${address}` })
    expectHint(
      await errorOf(client),
      /PermanentRedirect \(301\).*The bucket is in 'eu-west-1'\. Set AWS_REGION/,
    )
  })

  it('signed for another region names the region that S3 expects', async () => {
    const address = await serve((request, response) => {
      request.resume()
      const region = '<Region>eu-west-1</Region>'
      response.writeHead(400).end(xmlError('AuthorizationHeaderMalformed', 'The region is wrong.', region))
    })
    const client = clientWith({ endpoint: `http://${address}` })
    expectHint(await errorOf(client), /AuthorizationHeaderMalformed \(400\).*The bucket is in 'eu-west-1'\./)
  })

  it.each([
    ['InvalidAccessKeyId', 403, '', /Check the access key/],
    ['SignatureDoesNotMatch', 403, '', /Check the access key/],
    ['ExpiredToken', 400, '', /Renew AWS_SESSION_TOKEN/],
    ['AccessDenied', 403, '', /Give the credentials s3:PutObject for this bucket/],
    ['RequestTimeTooSkewed', 403, '', /clock of this machine is wrong/],
    ['AccessControlListNotSupported', 400, '', /Remove `ACL`/],
    ['KMS.NotFoundException', 400, '', /kms:GenerateDataKey/],
    // Cloudflare R2
    ['NotImplemented', 501, "Header 'x-amz-checksum-crc32' with value 'NhCmhg==' not implemented", CHECKSUMS],
    ['InvalidRequest', 400, 'You can only specify one non-default checksum at a time.', CHECKSUMS],
    // Backblaze B2
    [
      'InvalidArgument',
      400,
      "Unsupported header 'x-amz-sdk-checksum-algorithm' received for this API call.",
      CHECKSUMS,
    ],
    // OVHcloud
    ['NotImplemented', 501, 'x-amz-content-sha256 STREAMING-UNSIGNED-PAYLOAD-TRAILER', CHECKSUMS],
    // Ceph 16
    ['MissingContentLength', 411, '', CHECKSUMS],
    // MinIO of 2023
    [
      'XAmzContentSHA256Mismatch',
      400,
      "The provided 'x-amz-content-sha256' header does not match.",
      CHECKSUMS,
    ],
  ])('that is refused with %s (%s) %s says what to do', async (code, status, message, hint) => {
    s3.fault(() => ({ status, code, message }))
    expectHint(await errorOf(s3.oneTry), hint)
    expectHint(await errorOf(s3.oneTry, bytes(5 * MB + 1)), hint)
  })

  it.each([
    ['InvalidArgument', 400, 'Invalid argument.'],
    ['NotImplemented', 501, 'A header you provided implies functionality that is not implemented.'],
    ['SlowDown', 503, 'Please reduce your request rate.'],
    ['EntityTooLarge', 400, ''],
  ])('that is refused with %s (%s) %s has no hint', async (code, status, message) => {
    s3.fault(() => ({ status, code, message }))
    const { message: shown } = await errorOf(s3.oneTry)
    expect(shown).toMatch(new RegExp(`failed: ${code} \\(${status}\\)(: .*)?$`))
    expect(shown.endsWith(message)).toBe(true)
  })
})

it('shows the hint in the log, and not to the client', async () => {
  const log = vi.spyOn(console, 'error').mockImplementation(() => {})
  onTestFinished(() => log.mockRestore())
  const client = new S3Client({ credentials, endpoint })
  client.config.region = async () => {
    throw new Error('Region is missing')
  }
  const route = await listen(() => s3Upload(BUCKET, { client }))
  running.push(route)
  const reply = await post(route.url, FORM)
  expect(reply.status).toBe(502)
  expect(reply.text).not.toMatch(/region/i)
  expect(String(log.mock.calls)).toMatch(/Set AWS_REGION/)
})

function xmlError(code: string, message: string, more = ''): string {
  return `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message>${more}</Error>`
}
