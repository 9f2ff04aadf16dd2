import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { type S3Server, startS3 } from '../../testing/index.ts'
import {
  BUCKET,
  failure,
  gate,
  plainClient,
  presignGet,
  presignPut,
  readAll,
  send,
  sendHeaders,
  useS3,
} from './support.ts'

const server = useS3()
const execFileAsync = promisify(execFile)

describe('body', () => {
  it('is not stored if it is truncated', async () => {
    const socket = await sendHeaders(await presignPut(server.s3, 'key'), ['Content-Length: 10'], 'hello')
    socket.end()
    expect(await readAll(socket)).not.toContain('200 OK')
    expect(server.s3.requests).toHaveLength(1)
    expect(server.s3.objects(BUCKET)).toEqual([])
  })

  it('is not stored if the connection is reset', async () => {
    const arrived = gate()
    server.s3.fault(() => {
      arrived.open()
      return undefined
    })
    const socket = await sendHeaders(await presignPut(server.s3, 'key'), ['Content-Length: 10'], 'hello')
    await arrived.opened
    socket.resetAndDestroy()
    await once(socket, 'close')
    await send('GET', await presignGet(server.s3, 'key'))
    expect(server.s3.requests).toMatchObject([
      { operation: 'PutObject' },
      { operation: 'GetObject', status: 404 },
    ])
    expect(server.s3.requests[0]?.status).toBeUndefined()
    expect(server.s3.objects(BUCKET)).toEqual([])
  })

  it('is rejected with 411 without a declared length', async () => {
    const headers = ['Transfer-Encoding: chunked', 'Connection: close']
    const socket = await sendHeaders(await presignPut(server.s3, 'key'), headers, '1\r\nx\r\n0\r\n\r\n')
    expect(await readAll(socket)).toMatch(/^HTTP\/1.1 411 .*<Code>MissingContentLength<\/Code>/s)
  })

  it('is rejected with 400 one byte over 5 GiB', async () => {
    const headers = [`Content-Length: ${5 * 1024 ** 3 + 1}`, 'Expect: 100-continue']
    const socket = await sendHeaders(await presignPut(server.s3, 'key'), headers)
    expect(await readAll(socket)).toMatch(/^HTTP\/1.1 400 .*<Code>EntityTooLarge<\/Code>/s)
  })
})

describe('Expect: 100-continue', () => {
  it('gets 100 Continue before the body is sent', async () => {
    const headers = ['Content-Length: 5', 'Expect: 100-continue', 'Connection: close']
    const socket = await sendHeaders(await presignPut(server.s3, 'key'), headers)
    const [first] = await once(socket, 'data')
    expect(String(first)).toMatch(/^HTTP\/1.1 100 /)
    socket.write('hello')
    expect(await readAll(socket)).toMatch(/^HTTP\/1.1 200 /)
    expect(server.s3.objects(BUCKET)[0]?.body.toString()).toBe('hello')
  })

  it('gets an error instead of 100 Continue', async () => {
    const url = await presignPut(server.s3, 'key')
    const headers = ['Content-Length: 5', 'Expect: 100-continue']
    const socket = await sendHeaders(url.replace(/.$/, 'X'), headers)
    const response = await readAll(socket)
    expect(response).toMatch(/^HTTP\/1.1 (400|403) /)
    expect(response.toLowerCase()).toContain('\r\nconnection: close\r\n')
  })
})

describe('request', () => {
  it.each([
    ['GET', `/${BUCKET}/key?acl`, 501, 'GetObjectAcl'],
    ['PUT', `/${BUCKET}?lifecycle`, 501, 'PutBucketLifecycleConfiguration'],
    ['POST', `/${BUCKET}`, 501, 'PostObject'],
    ['GET', `/${BUCKET}`, 501, 'ListObjects'],
    ['PATCH', `/${BUCKET}/key`, 501, 'PATCH'],
    ['GET', '/%ff', 400, 'InvalidURI'],
  ])('%s %s returns status %i', async (method, path, status, named) => {
    const response = await send(method, server.s3.endpoint + path)
    expect(response.status).toBe(status)
    expect(response.body).toContain(named)
  })

  it('fails with NoSuchBucket for an unknown bucket', async () => {
    const url = (await presignPut(server.s3, 'key')).replace('/bucket/', '/other/')
    expect((await send('PUT', url, { body: 'x' })).status).toBe(403)
    const command = new PutObjectCommand({ Bucket: 'other', Key: 'key', Body: 'x' })
    expect(await failure(plainClient(server.s3).send(command))).toEqual({ name: 'NoSuchBucket', status: 404 })
  })
})

describe('startS3', () => {
  it.each([
    [{ buckets: ['No'] }, 'buckets'],
    [{ buckets: ['same', 'same'] }, 'buckets'],
    [{ minPartSize: -1 }, 'minPartSize'],
    [{ minPartSize: Number.NaN }, 'minPartSize'],
    [{ storeBodies: -1 }, 'storeBodies'],
    [{ maxRecordedRequests: -1 }, 'maxRecordedRequests'],
    [{ maxRecordedRequests: Number.POSITIVE_INFINITY }, 'maxRecordedRequests'],
  ])('rejects %j with a TypeError', async (options, name) => {
    await expect(startS3(options)).rejects.toThrow(TypeError)
    await expect(startS3(options)).rejects.toThrow(name)
  })

  it('rejects if the port is in use', async () => {
    const port = Number(new URL(server.s3.endpoint).port)
    await expect(startS3({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
  })

  it('stores everything except bodies with storeBodies: false', async () => {
    const s3 = await startS3({ buckets: [BUCKET], storeBodies: false })
    await s3.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'key', Body: 'hello' }))
    const [stored] = s3.objects(BUCKET)
    expect(stored).toMatchObject({ size: 5, etag: '5d41402abc4b2a76b9719d911017c592', body: Buffer.alloc(0) })
    expect(stored?.checksums.crc32).toBe('NhCmhg==')
    const response = await send('GET', await presignGet(s3, 'key'))
    expect(response.status).toBe(501)
    expect(response.body).toContain('storeBodies: false')
    await s3.close()
  })
})

describe('storeBodies as a number', () => {
  const MB = 1024 * 1024

  it('stores the bodies of objects up to that size', async () => {
    const s3 = await startS3({ buckets: [BUCKET], storeBodies: 6 * MB })
    const put = (Key: string, size: number) =>
      s3.client.send(new PutObjectCommand({ Bucket: BUCKET, Key, Body: Buffer.alloc(size) }))
    await put('exact', 6 * MB)
    await put('larger', 6 * MB + 1)
    await putParts(s3, 'parts', [5 * MB, 1 * MB])
    await putParts(s3, 'parts-larger', [5 * MB, 1 * MB + 1])

    expect(s3.objects(BUCKET).map(({ key, size, body }) => [key, size, body.length])).toEqual([
      ['exact', 6 * MB, 6 * MB],
      ['larger', 6 * MB + 1, 0],
      ['parts', 6 * MB, 6 * MB],
      ['parts-larger', 6 * MB + 1, 0],
    ])
    expect((await send('GET', await presignGet(s3, 'parts'))).status).toBe(200)
    const response = await send('GET', await presignGet(s3, 'parts-larger'))
    expect(response.status).toBe(501)
    expect(response.body).toContain(`storeBodies: ${6 * MB}`)
    await s3.close()
  })

  async function putParts(s3: S3Server, Key: string, sizes: number[]): Promise<void> {
    const target = { Bucket: BUCKET, Key }
    const { UploadId } = await s3.client.send(new CreateMultipartUploadCommand(target))
    const Parts = []
    for (const [index, size] of sizes.entries()) {
      const PartNumber = index + 1
      const Body = Buffer.alloc(size)
      const { ETag } = await s3.client.send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body }))
      Parts.push({ PartNumber, ETag })
    }
    await s3.client.send(
      new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload: { Parts } }),
    )
  }
})

describe('reset', () => {
  it('removes everything except the buckets', async () => {
    await server.s3.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'key', Body: 'x' }))
    const { requests } = server.s3
    expect(requests).toMatchObject([{ n: 1 }])
    server.s3.reset()
    expect([server.s3.objects(BUCKET), server.s3.uploads(BUCKET), requests]).toEqual([[], [], []])
    await server.s3.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'key', Body: 'x' }))
    expect(requests).toMatchObject([{ n: 1 }])
  })

  it('hides objects that a request in flight stores', async () => {
    const arrived = gate()
    const socket = await sendHeaders(await presignPut(server.s3, 'key'), [
      'Content-Length: 5',
      'Expect: 100-continue',
    ])
    socket.once('data', arrived.open)
    await arrived.opened
    server.s3.reset()
    socket.write('hello')
    expect(String(await once(socket, 'data'))).toMatch(/^HTTP\/1.1 200 /)
    socket.destroy()
    expect(server.s3.objects(BUCKET)).toEqual([])
  })

  it('throws a TypeError for an unknown bucket', () => {
    expect(() => server.s3.objects('other')).toThrow(TypeError)
    expect(() => server.s3.uploads('other')).toThrow(TypeError)
  })
})

describe('close', () => {
  it('aborts requests in flight and frees the port', async () => {
    const s3 = await startS3({ buckets: [BUCKET] })
    const arrived = gate()
    s3.fault(() => {
      arrived.open()
      return { until: new Promise(() => {}) }
    })
    const sent = send('PUT', await presignPut(s3, 'key'), { body: 'x' })
    const outcome = expect(sent).rejects.toThrow('socket hang up')
    await arrived.opened
    await Promise.all([s3.close(), s3.close()])
    await outcome
    const other = createServer().listen(Number(new URL(s3.endpoint).port), '127.0.0.1')
    await once(other, 'listening')
    other.close()
    await once(other, 'close')
  })

  it('lets the process exit', async () => {
    const script = fileURLToPath(new URL('fixtures/use-and-close.ts', import.meta.url))
    const run = execFileAsync(process.execPath, ['--import', 'tsx', script], { timeout: 20_000 })
    expect((await run).stdout).toBe('stored 1')
  }, 25_000)
})
