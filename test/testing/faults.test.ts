import { once } from 'node:events'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  PutObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { startS3 } from '../../testing/index.ts'
import { BUCKET, failure, gate, MIB, plainClient, presignPut, send, sendHeaders, useS3 } from './support.ts'

const server = useS3()
const put = (Key = 'key', Body: string | Buffer = 'hello') =>
  new PutObjectCommand({ Bucket: BUCKET, Key, Body })

describe('fault', () => {
  it('sends an S3 error and stores nothing', async () => {
    server.s3.fault(() => ({
      status: 503,
      code: 'SlowDown',
      message: 'Slower',
      headers: { 'retry-after': '1' },
    }))
    const response = await send('PUT', await presignPut(server.s3, 'key'), { body: 'x' })
    expect(response).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    expect(response.body).toContain('<Code>SlowDown</Code><Message>Slower</Message>')
    expect(server.s3.objects(BUCKET)).toEqual([])
    expect(server.s3.requests).toMatchObject([{ operation: 'PutObject', status: 503 }])
  })

  it('sends an error while the client sends a large body', async () => {
    server.s3.fault(() => ({ status: 403, code: 'AccessDenied' }))
    const client = plainClient(server.s3, { expectContinueHeader: false })
    expect(await failure(client.send(put('key', Buffer.alloc(20 * MIB))))).toEqual({
      name: 'AccessDenied',
      status: 403,
    })
    expect(server.s3.objects(BUCKET)).toEqual([])
  })

  it('can fail only the second UploadPart', async () => {
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

  it('drops the connection before it stores the object', async () => {
    server.s3.fault(() => ({ drop: true }))
    await expect(send('PUT', await presignPut(server.s3, 'key'), { body: 'x' })).rejects.toThrow(
      'socket hang up',
    )
    expect(server.s3.objects(BUCKET)).toEqual([])
    expect(server.s3.requests[0]?.status).toBeUndefined()
  })

  it('drops the connection after it stores the object', async () => {
    server.s3.fault(() => ({ drop: 'after' }))
    await expect(send('PUT', await presignPut(server.s3, 'key'), { body: 'x' })).rejects.toThrow(
      'socket hang up',
    )
    expect(server.s3.objects(BUCKET)).toMatchObject([{ key: 'key', size: 1 }])
    expect(server.s3.requests[0]?.status).toBeUndefined()
  })

  it('sends an error after it stores the object', async () => {
    server.s3.fault(() => ({ status: 500, code: 'InternalError', after: true }))
    expect((await send('PUT', await presignPut(server.s3, 'key'), { body: 'x' })).status).toBe(500)
    expect(server.s3.objects(BUCKET)).toHaveLength(1)
  })

  it('sends an error of CompleteMultipartUpload with status 200', async () => {
    server.s3.fault(() => ({ status: 200, code: 'InternalError' }))
    const input = { Bucket: BUCKET, Key: 'key', UploadId: 'id', MultipartUpload: { Parts: [] } }
    const sent = plainClient(server.s3).send(new CompleteMultipartUploadCommand(input))
    expect(await failure(sent)).toMatchObject({ name: 'InternalError' })
  })

  it.each([true, 'after'] as const)('hangs (%s) until the client disconnects', async hang => {
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

  it('reads the whole body when it hangs', async () => {
    server.s3.fault(() => ({ hang: true }))
    const size = 20 * MIB
    const socket = await sendHeaders(await presignPut(server.s3, 'key'), [`Content-Length: ${size}`])
    await new Promise(resolve => socket.write(Buffer.alloc(size), resolve))
    socket.destroy()
    expect(server.s3.objects(BUCKET)).toEqual([])
  })

  it('delays a request until a promise settles', async () => {
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

  it('continues when the promise rejects', async () => {
    server.s3.fault(() => ({ delay: 1, until: Promise.reject(new Error('ignored')) }))
    await server.s3.client.send(put())
    expect(server.s3.objects(BUCKET)).toHaveLength(1)
  })

  it('waits, then sends an error', async () => {
    server.s3.fault(() => ({ delay: 30, status: 403, code: 'AccessDenied' }))
    const start = performance.now()
    expect(await failure(server.s3.client.send(put()))).toMatchObject({ name: 'AccessDenied' })
    expect(performance.now() - start).toBeGreaterThan(25)
  })

  it('only waits if it has only a delay', async () => {
    server.s3.fault(async () => ({ delay: 1 }))
    await server.s3.client.send(put())
    expect(server.s3.objects(BUCKET)).toHaveLength(1)
  })

  it('takes precedence over later faults until it is removed', async () => {
    server.s3.fault(() => undefined)
    const remove = server.s3.fault(() => ({ status: 403, code: 'First' }))
    server.s3.fault(() => ({ status: 403, code: 'Second' }))
    expect(await failure(server.s3.client.send(put()))).toMatchObject({ name: 'First' })
    remove()
    expect(await failure(server.s3.client.send(put()))).toMatchObject({ name: 'Second' })
    server.s3.reset()
    await server.s3.client.send(put())
  })

  it('causes a 500 if its function throws', async () => {
    server.s3.fault(() => {
      throw new Error('bug in the test')
    })
    const response = await send('PUT', await presignPut(server.s3, 'key'), { body: 'x' })
    expect(response.status).toBe(500)
    expect(response.body).toContain('<Code>InternalError</Code><Message>bug in the test</Message>')
    expect(server.s3.requests[0]?.status).toBe(500)
  })

  it('stops waiting when the client disconnects', async () => {
    const arrived = gate()
    const s3 = await startS3({ buckets: [BUCKET] })
    s3.fault(() => {
      arrived.open()
      return { delay: 2 ** 30 }
    })
    const socket = await sendHeaders(await presignPut(s3, 'key'), ['Content-Length: 1'], 'x')
    await arrived.opened
    socket.resetAndDestroy()
    await once(socket, 'close')
    await s3.close()
    expect(s3.objects(BUCKET)).toEqual([])
  })
})
