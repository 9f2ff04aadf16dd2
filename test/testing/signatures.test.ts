import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { describe, expect, it } from 'vitest'
import { BUCKET, failure, plainClient, presignGet, presignPut, send, useS3 } from './support.ts'

const server = useS3()
const put = (key = 'key') => new PutObjectCommand({ Bucket: BUCKET, Key: key, Body: 'hello' })

describe('signature in the Authorization header', () => {
  it('is accepted from the client of the server', async () => {
    await server.s3.client.send(put())
    expect(server.s3.objects(BUCKET)).toMatchObject([{ key: 'key', size: 5 }])
  })

  it.each([
    ['a wrong secret', { secretAccessKey: 'wrong' }, 'SignatureDoesNotMatch'],
    ['a wrong access key', { accessKeyId: 'wrong' }, 'InvalidAccessKeyId'],
  ])('is rejected with %s', async (_, change, name) => {
    const client = plainClient(server.s3, { credentials: { ...server.s3.credentials, ...change } })
    expect(await failure(client.send(put()))).toEqual({ name, status: 403 })
    expect(server.s3.objects(BUCKET)).toEqual([])
  })

  it('is rejected if the clock of the client is off by an hour', async () => {
    const client = plainClient(server.s3, { systemClockOffset: -3_600_000 })
    expect(await failure(client.send(put()))).toEqual({ name: 'RequestTimeTooSkewed', status: 403 })
  })

  it('is rejected if the payload differs from the signed one', async () => {
    const client = plainClient(server.s3)
    client.middlewareStack.add(
      next => args => {
        Object.assign(args.request as object, { body: 'HELLO' })
        return next(args)
      },
      { step: 'finalizeRequest', priority: 'low' },
    )
    expect(await failure(client.send(put()))).toEqual({ name: 'XAmzContentSHA256Mismatch', status: 400 })
    expect(server.s3.objects(BUCKET)).toEqual([])
  })

  // The SDK signs "ü" in UTF-8. Node sends it in Latin-1 before a body that is a Buffer: S3 computes another signature.
  it.each([
    { Metadata: { name: 'grün.jpg' } },
    { ContentDisposition: 'attachment; filename="grün.jpg"' },
    { Tagging: 'name=\u00a0' },
  ])('is rejected with a header outside ASCII: %j', async input => {
    const client = plainClient(server.s3)
    const command = new PutObjectCommand({ Bucket: BUCKET, Key: 'key', Body: Buffer.from('hello'), ...input })
    expect(await failure(client.send(command))).toEqual({ name: 'SignatureDoesNotMatch', status: 403 })
    expect(server.s3.objects(BUCKET)).toEqual([])
  })

  it('is accepted with a key outside ASCII and encoded headers', async () => {
    const ContentDisposition = "attachment; filename*=UTF-8''gr%C3%BCn.jpg"
    const Metadata = { name: encodeURIComponent('grün.jpg') }
    const input = { Bucket: BUCKET, Key: 'grün.jpg', Body: 'hello', ContentDisposition, Metadata }
    await plainClient(server.s3).send(new PutObjectCommand(input))
    expect(server.s3.objects(BUCKET)).toMatchObject([{ key: 'grün.jpg', metadata: Metadata }])
  })

  it('is rejected if it covers a header that is a property of every object', async () => {
    const client = plainClient(server.s3)
    client.middlewareStack.add(
      next => args => {
        const { headers } = args.request as { headers: Record<string, string> }
        headers.authorization = headers.authorization?.replace('host;', 'constructor;host;') ?? ''
        return next(args)
      },
      { step: 'finalizeRequest', priority: 'low' },
    )
    expect(await failure(client.send(put()))).toEqual({ name: 'SignatureDoesNotMatch', status: 403 })
  })

  it('is required', async () => {
    const response = await send('PUT', `${server.s3.endpoint}/${BUCKET}/key`, { body: 'x' })
    expect(response).toMatchObject({ status: 403, headers: { 'content-type': 'application/xml' } })
    expect(response.body).toMatch(
      /<Code>AccessDenied<\/Code><Message>.+<\/Message><Resource>\/bucket\/key<\/Resource><RequestId>.+<\/RequestId>/,
    )
  })

  it('is rejected if it is malformed', async () => {
    const headers = { authorization: 'AWS4-HMAC-SHA256 nonsense' }
    const response = await send('GET', `${server.s3.endpoint}/${BUCKET}/key`, { headers })
    expect(response.status).toBe(400)
    expect(response.body).toContain('<Code>AuthorizationHeaderMalformed</Code>')
  })
})

describe('presigned URL', () => {
  it('uploads and downloads without further headers', async () => {
    const headers = { 'content-type': 'text/plain' }
    const uploaded = await send('PUT', await presignPut(server.s3, 'a b'), { headers, body: 'hello' })
    expect(uploaded.status).toBe(200)
    expect(server.s3.objects(BUCKET)).toMatchObject([{ key: 'a b', type: 'text/plain' }])
    const url = await presignGet(server.s3, 'a b', { ResponseContentType: 'x/y' })
    const downloaded = await send('GET', url)
    expect(downloaded).toMatchObject({ status: 200, body: 'hello', headers: { 'content-type': 'x/y' } })
  })

  it('is accepted from the client of the server', async () => {
    const url = await getSignedUrl(server.s3.client, new PutObjectCommand({ Bucket: BUCKET, Key: 'key' }))
    expect((await send('PUT', url, { body: 'abc' })).status).toBe(200)
  })

  it('carries metadata in its query', async () => {
    const url = await presignPut(server.s3, 'key', { Metadata: { owner: 'me' } })
    await send('PUT', url, { body: 'abc' })
    expect(server.s3.objects(BUCKET)).toMatchObject([{ metadata: { owner: 'me' } }])
  })

  it('is rejected after it has expired', async () => {
    const signingDate = new Date(Date.now() - 61_000)
    const command = new GetObjectCommand({ Bucket: BUCKET, Key: 'key' })
    const url = await getSignedUrl(server.s3.client, command, { expiresIn: 60, signingDate })
    const response = await send('GET', url)
    expect(response.status).toBe(403)
    expect(response.body).toContain('<Message>Request has expired</Message>')
  })

  it('is rejected for another key', async () => {
    const url = await presignPut(server.s3, 'key')
    const response = await send('PUT', url.replace('/key?', '/other?'), { body: 'x' })
    expect(response.body).toContain('<Code>SignatureDoesNotMatch</Code>')
    expect(server.s3.objects(BUCKET)).toEqual([])
  })

  it('is rejected with an unsigned x-amz- header', async () => {
    const headers = { 'x-amz-acl': 'public-read' }
    const response = await send('PUT', await presignPut(server.s3, 'key'), { headers, body: 'x' })
    expect(response.status).toBe(403)
    expect(response.body).toContain('<HeadersNotSigned>x-amz-acl</HeadersNotSigned>')
  })
})
