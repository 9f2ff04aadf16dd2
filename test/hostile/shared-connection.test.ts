import { once } from 'node:events'
import type { RequestListener } from 'node:http'
import { type ClientHttp2Stream, connect, constants, createServer } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { S3UploadOptions } from '../../src/options/options.ts'
import { hold } from '../support/faults.ts'
import { FORM_TYPE, filePart, formBody } from '../support/form-body.ts'
import { type RouteKind, routes, useRunningRoutes } from '../support/routes.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { until } from '../support/until.ts'
import { expectQuietProcess } from './watch.ts'
import { nextId, openWire, requestHead } from './wire.ts'

const s3 = await useStorage()
const running = useRunningRoutes()
// Node warns of a leak at eleven listeners.
expectQuietProcess()

const REQUESTS = 20
const body = formBody([filePart('a', 'a.txt', 'hello')])
const isCommitting = () =>
  s3.requests.filter(({ operation }) => operation === 'PutObject').length === REQUESTS

async function start(kind: RouteKind) {
  const codes: string[] = []
  const onError = (error: unknown) => codes.push((error as { code: string }).code)
  const signals: AbortSignal[] = []
  const params: S3UploadOptions['params'] = (_, { signal }) => {
    signals.push(signal)
    return {}
  }
  const options = { bucket: BUCKET, client: s3.oneTry, maxS3Requests: REQUESTS, params, onError }
  const route = await kind.open(options)
  running.push(route)
  return { ...route, codes, signals }
}

describe.each(routes)('$name, pipelined requests', kind => {
  async function pipeline() {
    const release = hold(s3, 'PutObject')
    const route = await start(kind)
    const connection = once(route.server, 'connection') as Promise<[Socket]>
    const { socket, received } = openWire(route.url)
    const [serverSide] = await connection
    const before = serverSide.listenerCount('close')
    const request = (index: number) => {
      const Connection = index === REQUESTS - 1 ? 'close' : 'keep-alive'
      return Buffer.concat([
        Buffer.from(requestHead(nextId(), { 'Content-Length': body.length, Connection })),
        body,
      ])
    }
    socket.write(Buffer.concat(Array.from({ length: REQUESTS }, (_, index) => request(index))))
    await until(isCommitting)
    return { ...route, socket, received, release, added: serverSide.listenerCount('close') - before }
  }

  it('are all stored, with one listener on their socket', async () => {
    const { received, release, added } = await pipeline()
    // Node and the framework add a few of their own, for the response that is being sent.
    expect(added).toBeLessThan(10)
    release()
    expect((await received).toString().match(/HTTP\/1\.1 201 /g)).toHaveLength(REQUESTS)
    expect(s3.objects(BUCKET)).toHaveLength(REQUESTS)
  })

  it('leave nothing when their client disconnects during the commit', async () => {
    const { socket, received, release, codes, signals } = await pipeline()
    socket.resetAndDestroy()
    await received
    await until(() => signals.every(({ aborted }) => aborted))
    release()
    await until(() => codes.length === REQUESTS)
    expect(new Set(codes)).toEqual(new Set(['ABORTED']))
    expectNothingLeft(s3)
  })
})

// Express does not run on HTTP/2.
describe.each(routes.filter(({ name }) => !name.startsWith('Express')))('$name, HTTP/2 streams', kind => {
  async function openStreams() {
    const release = hold(s3, 'PutObject')
    const route = await start(kind)
    const [handler] = route.server.listeners('request') as [RequestListener]
    const server = createServer(handler as never).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    onTestFinished(() => {
      session.destroy()
      server.close()
    })
    const streams = Array.from({ length: REQUESTS }, () => {
      const headers = { ':method': 'POST', ':path': '/', 'content-type': FORM_TYPE }
      const stream = session.request(headers).on('error', () => {})
      stream.end(body)
      return stream
    })
    await until(isCommitting)
    return { ...route, session, streams, release }
  }

  it('are all stored', async () => {
    const { streams, release } = await openStreams()
    release()
    expect(await Promise.all(streams.map(statusOf))).toEqual(Array(REQUESTS).fill(201))
    expect(s3.objects(BUCKET)).toHaveLength(REQUESTS)
  })

  it('leave nothing when their client cancels them during the commit', async () => {
    const { streams, release, codes, signals } = await openStreams()
    for (const stream of streams) stream.close(constants.NGHTTP2_CANCEL)
    await until(() => signals.every(({ aborted }) => aborted))
    release()
    await until(() => codes.length === REQUESTS)
    expect(new Set(codes)).toEqual(new Set(['ABORTED']))
    expectNothingLeft(s3)
  })
})

async function statusOf(stream: ClientHttp2Stream): Promise<number | undefined> {
  const [headers] = await once(stream, 'response')
  stream.resume()
  return headers[':status']
}
