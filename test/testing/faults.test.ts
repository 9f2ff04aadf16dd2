import { once } from 'node:events'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { startS3 } from '../../testing/index.ts'
import { BUCKET, failure, gate, MIB, plainClient, presignPut, send, sendHead, useS3 } from './support.ts'

const server = useS3()
const put = (Key = 'key', Body: string | Buffer = 'hello') =>
  new PutObjectCommand({ Bucket: BUCKET, Key, Body })

describe('fault', () => {
  it('answers with an S3 error, and nothing is stored', async () => {
    server.s3.fault(() => ({
      status: 503,
      code: 'SlowDown',
      message: 'Slower',
      headers: { 'retry-after': '1' },
    }))
    const answer = await send('PUT', await presignPut(server.s3, 'key'), { body: 'x' })
    expect(answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    expect(answer.body).toContain('<Code>SlowDown</Code><Message>Slower</Message>')
    expect(server.s3.objects(BUCKET)).toEqual([])
    expect(server.s3.requests).toMatchObject([{ operation: 'PutObject', status: 503 }])
  })

  it('answers with an error although a large body is on its way', async () => {
    server.s3.fault(() => ({ status: 403, code: 'AccessDenied' }))
    const client = plainClient(server.s3, { expectContinueHeader: false })
    expect(await failure(client.send(put('key', Buffer.alloc(20 * MIB))))).toEqual({
      name: 'AccessDenied',
      status: 403,
    })
    expect(server.s3.objects(BUCKET)).toEqual([])
  })

  it('can strike the second S3 part only', async () => {
    server.s3.fault(r =>
      r.operation === 'UploadPart' && r.n === 2 ? { status: 403, code: 'AccessDenied' } : undefined,
    )
    const target = { Bucket: BUCKET, Key: 'key' }
    const { UploadId } = await server.s3.client.send(new CreateMultipartUploadCommand(target))
    const part = (PartNumber: number) =>
      server.s3.client.send(new UploadPartCommand({ ...target, UploadId, PartNumber, Body: 'x' }))
    await part(1)
    expect(await failure(part(2))).toEqual({ name: 'AccessDenied', status: 403 })
    await part(2)
    expect(server.s3.requests).toMatchObject([
      { operation: 'CreateMultipartUpload', n: 1, status: 200 },
      { operation: 'UploadPart', n: 1, partNumber: 1, uploadId: UploadId, size: 1, status: 200 },
      { operation: 'UploadPart', n: 2, partNumber: 2, status: 403 },
      { operation: 'UploadPart', n: 3, partNumber: 2, status: 200 },
    ])
  })

  it('drops the connection before anything is stored', async () => {
    server.s3.fault(() => ({ drop: true }))
    await expect(send('PUT', await presignPut(server.s3, 'key'), { body: 'x' })).rejects.toThrow(
      'socket hang up',
    )
    expect(server.s3.objects(BUCKET)).toEqual([])
    expect(server.s3.requests[0]?.status).toBeUndefined()
  })

  it('drops the connection after the object is stored', async () => {
    server.s3.fault(() => ({ drop: 'after' }))
    await expect(send('PUT', await presignPut(server.s3, 'key'), { body: 'x' })).rejects.toThrow(
      'socket hang up',
    )
    expect(server.s3.objects(BUCKET)).toMatchObject([{ key: 'key', size: 1 }])
    expect(server.s3.requests[0]?.status).toBeUndefined()
  })

  it('answers with an error after the object is stored', async () => {
    server.s3.fault(() => ({ status: 500, code: 'InternalError', after: true }))
    expect((await send('PUT', await presignPut(server.s3, 'key'), { body: 'x' })).status).toBe(500)
    expect(server.s3.objects(BUCKET)).toHaveLength(1)
  })

  it('answers a completion with an error under status 200', async () => {
    server.s3.fault(() => ({ status: 200, code: 'InternalError' }))
    const input = { Bucket: BUCKET, Key: 'key', UploadId: 'id', MultipartUpload: { Parts: [] } }
    const sent = plainClient(server.s3).send(new CompleteMultipartUploadCommand(input))
    expect(await failure(sent)).toMatchObject({ name: 'InternalError' })
  })

  it.each([true, 'after'] as const)('hangs (%s) until the client goes away', async hang => {
    const arrived = gate()
    server.s3.fault(() => {
      arrived.open()
      return { hang }
    })
    const abort = new AbortController()
    const sent = server.s3.client.send(put('key', Buffer.alloc(3 * MIB)), { abortSignal: abort.signal })
    await arrived.opened
    if (hang === 'after') await expect.poll(() => server.s3.objects(BUCKET)).toHaveLength(1)
    abort.abort()
    expect(await failure(sent)).toMatchObject({ name: 'AbortError' })
    expect(server.s3.objects(BUCKET)).toHaveLength(hang === 'after' ? 1 : 0)
    expect(server.s3.requests[0]?.status).toBeUndefined()
  })

  it('takes the whole body when it hangs', async () => {
    server.s3.fault(() => ({ hang: true }))
    const size = 20 * MIB
    const socket = await sendHead(await presignPut(server.s3, 'key'), [`Content-Length: ${size}`])
    await new Promise(resolve => socket.write(Buffer.alloc(size), resolve))
    socket.destroy()
    expect(server.s3.objects(BUCKET)).toEqual([])
  })

  it('holds a request until a promise settles', async () => {
    const [arrived, release] = [gate(), gate()]
    server.s3.fault(({ key }) => {
      if (key !== 'held') return undefined
      arrived.open()
      return { until: release.opened }
    })
    const held = server.s3.client.send(put('held'))
    await arrived.opened
    await server.s3.client.send(put('free'))
    expect(server.s3.objects(BUCKET).map(({ key }) => key)).toEqual(['free'])
    expect(server.s3.requests).toMatchObject([{ key: 'held', status: undefined }, { key: 'free' }])
    release.open()
    await held
    expect(server.s3.objects(BUCKET).map(({ key }) => key)).toEqual(['free', 'held'])
  })

  it('goes on when the promise rejects', async () => {
    server.s3.fault(() => ({ delay: 1, until: Promise.reject(new Error('no matter')) }))
    await server.s3.client.send(put())
    expect(server.s3.objects(BUCKET)).toHaveLength(1)
  })

  it('waits, then answers with an error', async () => {
    server.s3.fault(() => ({ delay: 30, status: 403, code: 'AccessDenied' }))
    const start = performance.now()
    expect(await failure(server.s3.client.send(put()))).toMatchObject({ name: 'AccessDenied' })
    expect(performance.now() - start).toBeGreaterThan(25)
  })

  it('only waits when there is nothing else to it', async () => {
    server.s3.fault(async () => ({ delay: 1 }))
    await server.s3.client.send(put())
    expect(server.s3.objects(BUCKET)).toHaveLength(1)
  })

  it('wins over later ones until it is removed', async () => {
    server.s3.fault(() => undefined)
    const remove = server.s3.fault(() => ({ status: 403, code: 'First' }))
    server.s3.fault(() => ({ status: 403, code: 'Second' }))
    expect(await failure(server.s3.client.send(put()))).toMatchObject({ name: 'First' })
    remove()
    expect(await failure(server.s3.client.send(put()))).toMatchObject({ name: 'Second' })
    server.s3.reset()
    await server.s3.client.send(put())
  })

  it('that throws is answered with 500', async () => {
    server.s3.fault(() => {
      throw new Error('bug in the test')
    })
    const answer = await send('PUT', await presignPut(server.s3, 'key'), { body: 'x' })
    expect(answer.status).toBe(500)
    expect(answer.body).toContain('<Code>InternalError</Code><Message>bug in the test</Message>')
    expect(server.s3.requests[0]?.status).toBe(500)
  })

  it('that waits is given up when the client goes away', async () => {
    const arrived = gate()
    const s3 = await startS3({ buckets: [BUCKET] })
    s3.fault(() => {
      arrived.open()
      return { delay: 2 ** 30 }
    })
    const socket = await sendHead(await presignPut(s3, 'key'), ['Content-Length: 1'], 'x')
    await arrived.opened
    socket.resetAndDestroy()
    await once(socket, 'close')
    await s3.close()
    expect(s3.objects(BUCKET)).toEqual([])
  })
})
