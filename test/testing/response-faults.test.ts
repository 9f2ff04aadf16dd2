import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { getSignedUrl } from '@aws-sdk/s3-request-presigner'
import { describe, expect, it } from 'vitest'
import { BUCKET, failure, gate, plainClient, presignGet, presignPut, send, useS3 } from './support.ts'

const server = useS3()
const KEY = { Bucket: BUCKET, Key: 'key' }
const PAGE = { status: 200, headers: { 'content-type': 'text/html' }, body: '<html>Blocked</html>' }

const put = (Key = 'key', Body = 'hello') => new PutObjectCommand({ Bucket: BUCKET, Key, Body })

async function startMultipart() {
  const client = plainClient(server.s3)
  const { UploadId } = await client.send(new CreateMultipartUploadCommand(KEY))
  const part = { ...KEY, UploadId, PartNumber: 1, Body: 'new' }
  const { ETag } = await client.send(new UploadPartCommand(part))
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] }
  return { UploadId, complete: new CompleteMultipartUploadCommand({ ...KEY, UploadId, MultipartUpload }) }
}

describe('response', () => {
  it('is sent in place of the operation', async () => {
    server.s3.fault(() => ({ response: PAGE }))
    const response = await send('PUT', await presignPut(server.s3, 'key'), { body: 'x' })
    expect(response).toMatchObject({ ...PAGE, headers: { ...PAGE.headers, 'content-length': '20' } })
    expect(response.headers).not.toHaveProperty('x-amz-request-id')
    expect(server.s3.objects(BUCKET)).toEqual([])
    expect(server.s3.requests).toMatchObject([{ operation: 'PutObject', status: 200 }])
  })

  it('is sent after the operation', async () => {
    server.s3.fault(() => ({ response: PAGE, after: true }))
    expect(await send('PUT', await presignPut(server.s3, 'key'), { body: 'x' })).toMatchObject(PAGE)
    expect(server.s3.objects(BUCKET)).toHaveLength(1)
  })

  it('may have no body, and any status', async () => {
    server.s3.fault(() => ({ response: { status: 302, headers: { Location: '/login' } } }))
    const response = await send('DELETE', `${server.s3.endpoint}/${BUCKET}/key`)
    expect(response).toMatchObject({ status: 302, body: '', headers: { location: '/login' } })
  })

  it('may declare more bytes than it has', async () => {
    const headers = { 'Content-Length': '30', connection: 'close' }
    server.s3.fault(() => ({ response: { ...PAGE, headers } }))
    await expect(send('GET', `${server.s3.endpoint}/${BUCKET}`)).rejects.toThrow('aborted')
  })

  it('changes the response of S3', async () => {
    const { complete } = await startMultipart()
    server.s3.fault(() => ({
      response: ({ body, ...response }) => ({
        ...response,
        body: String(body).replace(/<ETag>.*<\/ETag>/, '<ETag></ETag>'),
      }),
    }))
    const { ETag, Key } = await plainClient(server.s3).send(complete)
    expect([Key, ETag]).toEqual(['key', ''])
    expect(server.s3.objects(BUCKET)).toMatchObject([{ etag: expect.stringMatching(/-1$/) }])
  })

  it('changes headers, bodies and errors of S3, and may wait', async () => {
    await server.s3.client.send(put())
    const url = await presignGet(server.s3, 'key')
    server.s3.fault(async r => ({
      response: async ({ status, headers, body }) => {
        if (r.n === 1) await server.s3.client.send(put('other'))
        return { status, headers: { ...headers, 'x-changed': '1' }, body: `${body}!` }
      },
    }))
    const response = await send('GET', url)
    expect(response).toMatchObject({ status: 200, body: 'hello!', headers: { 'x-changed': '1' } })
    expect(response.headers).toMatchObject({ 'content-length': '6', etag: expect.any(String) })
    expect(server.s3.objects(BUCKET)).toHaveLength(2)
    server.s3.reset()
    server.s3.fault(() => ({ response: reply => ({ ...reply, status: 503 }) }))
    const missing = await send('GET', url)
    expect(missing.status).toBe(503)
    expect(missing.body).toContain('<Code>NoSuchKey</Code>')
  })

  it('causes a 500 if its function throws', async () => {
    server.s3.fault(() => ({
      response: () => {
        throw new Error('bug in the test')
      },
    }))
    const response = await send('PUT', await presignPut(server.s3, 'key'), { body: 'x' })
    expect(response.status).toBe(500)
    expect(response.body).toContain('bug in the test')
  })
})

describe('blanks', () => {
  /** Opens a request. Returns its response and a function that reads its body up to that many characters. */
  async function open(url: string) {
    const [response] = (await once(get(url), 'response')) as [IncomingMessage]
    let text = ''
    return {
      response,
      async readTo(length: number) {
        while (text.length < length) text += (await once(response, 'data'))[0]
        return text
      },
      async readAll() {
        for await (const chunk of response) text += chunk
        return text
      },
    }
  }
  const listUrl = () => getSignedUrl(server.s3.client, new ListObjectsV2Command({ Bucket: BUCKET }))
  const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

  it('follow the XML declaration until the promise settles, then the result', async () => {
    const release = gate()
    server.s3.fault(() => ({ blanks: { interval: 1, until: release.opened } }))
    const { response, readTo, readAll } = await open(await listUrl())
    expect(response.statusCode).toBe(200)
    expect(response.headers).toMatchObject({ 'content-type': 'application/xml' })
    expect(await readTo(DECLARATION.length + 3)).toMatch(/^<\?xml .*\?>\n {3,}$/)
    expect(server.s3.requests).toMatchObject([{ status: 200 }])
    release.open()
    expect(await readAll()).toMatch(/^<\?xml .*\?>\n +<ListBucketResult .*<\/ListBucketResult>$/)
  })

  it('end after the delay', async () => {
    const { complete } = await startMultipart()
    server.s3.fault(() => ({ blanks: { interval: 1, delay: 20 } }))
    expect(await plainClient(server.s3).send(complete)).toMatchObject({
      Key: 'key',
      ETag: expect.any(String),
    })
  })

  it('follow the effect of the operation', async () => {
    const { complete } = await startMultipart()
    const release = gate()
    server.s3.fault(() => ({ blanks: { interval: 1, until: release.opened } }))
    const sent = plainClient(server.s3).send(complete)
    await expect.poll(() => server.s3.objects(BUCKET)).toHaveLength(1)
    release.open()
    await sent
  })

  it('stop when the client disconnects, and the operation has taken effect', async () => {
    const { complete } = await startMultipart()
    const abort = new AbortController()
    server.s3.fault(() => ({ blanks: { interval: 1, until: new Promise(() => {}) } }))
    const sent = plainClient(server.s3).send(complete, { abortSignal: abort.signal })
    await expect.poll(() => server.s3.objects(BUCKET)).toHaveLength(1)
    abort.abort()
    expect(await failure(sent)).toMatchObject({ name: 'AbortError' })
  })

  it.each([false, true])('precede an error with status 200, with after: %s', async after => {
    const { complete } = await startMultipart()
    server.s3.fault(() => ({ blanks: { interval: 1, delay: 5 }, code: 'InternalError', after }))
    expect(await failure(plainClient(server.s3).send(complete))).toMatchObject({ name: 'InternalError' })
    expect(server.s3.objects(BUCKET)).toHaveLength(after ? 1 : 0)
    expect(server.s3.uploads(BUCKET)).toHaveLength(after ? 0 : 1)
  })

  it('precede an error of the operation, with status 200', async () => {
    const { complete } = await startMultipart()
    await server.s3.client.send(put())
    server.s3.fault(() => ({ blanks: { interval: 1, delay: 5 } }))
    complete.input.IfNoneMatch = '*'
    expect(await failure(plainClient(server.s3).send(complete))).toMatchObject({ name: 'PreconditionFailed' })
    expect(server.s3.requests.at(-1)).toMatchObject({ operation: 'CompleteMultipartUpload', status: 200 })
    expect(server.s3.uploads(BUCKET)).toHaveLength(1)
  })

  it('continue when the promise rejects, also before the operation ends', async () => {
    server.s3.fault(() => ({
      delay: 5,
      blanks: { interval: 1, until: Promise.reject(new Error('ignored')) },
    }))
    await server.s3.client.send(new ListObjectsV2Command({ Bucket: BUCKET }))
  })
})
