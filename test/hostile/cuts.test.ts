import type { Socket } from 'node:net'
import { afterAll, describe, expect, it } from 'vitest'
import type { S3UploadOptions } from '../../src/options/options.ts'
import type { Uploader } from '../../src/storage/uploader.ts'
import { bytes, MB, sha256 } from '../support/bytes.ts'
import { decideAbout } from '../support/decisions.ts'
import { hold } from '../support/faults.ts'
import { filePart, formBody } from '../support/form-body.ts'
import { type RouteKind, type RunningRoute, routes, useRunningRoutes } from '../support/routes.ts'
import { post } from '../support/send.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { until } from '../support/until.ts'
import { uploaders } from '../support/uploaders.ts'
import { expectQuietProcess, type Failures, inParallel, watchFailures } from './watch.ts'
import { closeOf, exchange, nextId, openWire, requestHead, watchRequests } from './wire.ts'

const s3 = await useStorage()
expectQuietProcess()

const PART = 5 * MB
const AT_ONCE = 20

const SMALL = [Buffer.from('a small file\r\n--with almost a boundary'), bytes(150)] as const
const LARGE = [Buffer.from('small'), bytes(PART + 300_000)] as const
const smallForm = form(...SMALL)
const largeForm = form(...LARGE)

function form(first: Buffer, second: Buffer): Buffer {
  return formBody([
    { name: 'title', body: 'Grüße' },
    filePart('one', 'one.txt', first),
    { name: 'note', body: 'a\r\nb' },
    filePart('two', 'zwei %222%22.bin', second, 'application/octet-stream'),
  ])
}

/** Of a form cut from here on, nothing is missing but the line break after its last boundary. */
const WHOLE = smallForm.length - 2

/** How the client goes away. Without 'read', it does so while its last bytes are still on their way. */
const WAYS = ['end', 'end, chunked', 'end at once', 'reset'] as const
type Way = (typeof WAYS)[number]

interface Start extends RunningRoute {
  failures: Failures
  requests: ReturnType<typeof watchRequests>
}

const running = useRunningRoutes()
let cuts = 0

afterAll(() => {
  process.stdout.write(`${cuts} uploads cut\n`)
})

async function start(kind: RouteKind, uploader: Uploader, options: Partial<S3UploadOptions> = {}) {
  const failures = watchFailures()
  const { onError } = failures
  const route = await kind.open({ bucket: BUCKET, client: s3.oneTry, uploader, onError, ...options })
  running.push(route)
  return Object.assign(route, { failures, requests: watchRequests(route.server) })
}

/** Sends a form as far as `at`, goes away, and waits until the upload has failed and the connection is closed. */
async function cut(route: Start, body: Buffer, at: number, way: Way): Promise<unknown> {
  cuts++
  const id = nextId()
  const failed = route.failures.of(id)
  const { socket, received } = openWire(route.url)
  const head = Buffer.from(headFor(id, body, way))
  socket.write(Buffer.concat([head, body.subarray(0, at)]))
  if (way !== 'end at once') await until(() => route.requests.hasRead(id, head.length + at))
  leave(socket, way)
  const error = await failed
  expect((await received).toString()).toMatch(
    way === 'reset' ? /^$/ : /^(HTTP\/1\.1 400 Bad Request\r\n.*\r\n\r\n)?$/s,
  )
  expect(route.failures.counts.get(id)).toBe(1)
  return error
}

function headFor(id: string, body: Buffer, way: Way): string {
  if (way !== 'end, chunked') return requestHead(id, { 'Content-Length': body.length + 1 })
  return `${requestHead(id, { 'Transfer-Encoding': 'chunked' })}${body.length.toString(16)}\r\n`
}

function leave(socket: Socket, way: Way): void {
  if (way === 'reset') socket.resetAndDestroy()
  else socket.end()
}

async function expectStillWorks({ url, requests }: Start, [one, two]: readonly Buffer[]): Promise<void> {
  await until(() => requests.connections === 0)
  const reply = await post(url, form(one as Buffer, two as Buffer))
  expect(reply).toMatchObject({ status: 201, json: { fields: { title: 'Grüße', note: 'a\r\nb' } } })
  const stored = new Map(s3.objects(BUCKET).map(object => [object.key, sha256(object.body)]))
  const answered = reply.json.files.map(({ key }: { key: string }) => stored.get(key))
  expect(answered).toEqual([sha256(one as Buffer), sha256(two as Buffer)])
  expect(stored.size).toBe(2)
  expect(s3.uploads(BUCKET)).toEqual([])
}

/** Where nothing gets as far as S3, one uploader is as good as the other: both are tried behind one adapter. */
const plain = ['node:http', 'Express 5', 'Koa 3'].flatMap(name =>
  uploaders
    .slice(0, name === 'node:http' ? 2 : 1)
    .map(({ name: writer, uploader }) => ({ name, writer, kind: routeKind(name), uploader, options: {} })),
)

/** With everything that is decided about a file. */
const deciding = uploaders.map(({ name: writer, uploader }) => ({
  name: 'node:http with decisions about each file',
  writer,
  kind: routeKind('node:http'),
  uploader,
  options: decideAbout('one', 'two', 'f'),
}))

function routeKind(name: string): RouteKind {
  return routes.find(kind => kind.name === name) as RouteKind
}

describe.each([...plain, ...deciding])('$name through the $writer', ({ kind, uploader, options }) => {
  describe('a form of small files', () => {
    it.each(WAYS)('cut at every byte by %s, is aborted before anything is sent to S3', async way => {
      const route = await start(kind, uploader, options)
      // The last one comes after the form, but before the end of the request's declared body.
      await inParallel(AT_ONCE, Array(smallForm.length + 1).keys(), async at => {
        expect(await cut(route, smallForm, at, way), `cut at ${at}`).toMatchObject({
          code: 'ABORTED',
          status: 499,
          leftovers: [],
        })
      })
      expect(s3.requests).toEqual([])
      expectNothingLeft(s3)
      await expectStillWorks(route, SMALL)
    })

    it('ended at every byte, as if that were all, is refused with 400 until it is whole', async () => {
      const route = await start(kind, uploader, options)
      await inParallel(AT_ONCE, Array(WHOLE).keys(), async at => {
        const head = requestHead(nextId(), { 'Content-Length': at, Connection: 'close' })
        const reply = await exchange(route.url, [head, smallForm.subarray(0, at)])
        expect(reply, `ended at ${at}`).toMatchObject({ status: 400, json: { code: 'TRUNCATED_BODY' } })
      })
      expect(s3.requests).toEqual([])
      expect((await post(route.url, smallForm.subarray(0, WHOLE))).status).toBe(201)
      s3.reset()
      await expectStillWorks(route, SMALL)
    })
  })
})

describe.each([
  ...uploaders.map(({ name, uploader }) => ({ name, uploader, options: {} })),
  ...deciding.map(({ writer, uploader, options }) => ({ name: `${writer}, deciding`, uploader, options })),
])('through the $name', ({ uploader, options }) => {
  const http = routeKind('node:http')
  const bodyStart = largeForm.indexOf('octet-stream\r\n\r\n') + 'octet-stream\r\n\r\n'.length

  /** Before, at and after the end of the first S3 part, and through the last boundary. */
  const places = [
    bodyStart,
    bodyStart + 1,
    bodyStart + MB,
    ...[-1, 0, 1, 65_536, 200_000].map(offset => bodyStart + PART + offset),
    ...[-40, -26, -25, -24, -23, -22, -10, -5, -4, -3, -2, -1, 0].map(offset => largeForm.length + offset),
  ]

  it.each(['end', 'reset'] as const)(
    'a form with a file of two S3 parts, cut by %s, leaves nothing',
    async way => {
      const route = await start(http, uploader, options)
      await inParallel(2, places, async at => {
        expect(await cut(route, largeForm, at, way), `cut at ${at}`).toMatchObject({
          code: 'ABORTED',
          leftovers: [],
        })
      })
      expectNothingLeft(s3)
      const allowed = new Set(['CreateMultipartUpload', 'UploadPart', 'AbortMultipartUpload'])
      expect(s3.requests.filter(({ operation }) => !allowed.has(operation))).toEqual([])
      await expectStillWorks(route, LARGE)
    },
  )

  describe.each(['end', 'reset'] as const)('by %s', way => {
    it.each([
      { during: 'PutObject', body: smallForm },
      { during: 'CompleteMultipartUpload', body: largeForm },
      { during: 'CreateMultipartUpload', body: largeForm },
      { during: 'UploadPart', body: largeForm },
    ] as const)('a whole form cut during $during leaves nothing', async ({ during, body }) => {
      const route = await start(http, uploader, options)
      const release = hold(s3, during)
      const id = nextId()
      const failed = route.failures.of(id)
      const { socket, received } = openWire(route.url)
      socket.write(requestHead(id, { 'Content-Length': body.length }))
      socket.write(body)
      await until(() => s3.requests.some(({ operation }) => operation === during))
      await until(() => route.requests.get(id)?.complete === true)
      const closed = closeOf(route.requests.get(id)?.socket as Socket)
      leave(socket, way)
      await closed
      release()
      expect(await failed).toMatchObject({ code: 'ABORTED', leftovers: [] })
      expect((await received).length).toBe(0)
      expectNothingLeft(s3)
      await expectStillWorks(route, SMALL)
    })
  })

  it.each(['end', 'reset'] as const)(
    'a form cut by %s while S3 keeps the server from reading leaves nothing',
    async way => {
      const route = await start(http, uploader, { concurrency: 1, ...options })
      const release = hold(s3, 'UploadPart')
      const id = nextId()
      const failed = route.failures.of(id)
      const body = formBody([filePart('f', 'f.bin', bytes(24 * MB))])
      const { socket } = openWire(route.url)
      socket.write(requestHead(id, { 'Content-Length': body.length + 1 }))
      socket.write(body)
      const request = () => route.requests.get(id)
      await until(() => s3.requests.some(({ operation }) => operation === 'UploadPart'))
      await until(() => (request()?.readableLength ?? 0) > 0 && request()?.readableFlowing === false)
      leave(socket, way)
      release()
      expect(await failed).toMatchObject({ code: 'ABORTED', leftovers: [] })
      expectNothingLeft(s3)
      await expectStillWorks(route, SMALL)
    },
  )
})
