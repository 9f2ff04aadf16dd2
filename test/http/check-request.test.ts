import { streamToS3 } from 's3-upstream'
import { s3Upload } from 's3-upstream/http'
import { describe, expect, it } from 'vitest'
import type { IncomingRequest } from '../../src/shared/types.ts'
import { FORM_TYPE, filePart, formBody } from '../support/form-body.ts'
import { incoming } from '../support/incoming.ts'
import { listen, useRunningRoutes, wrapRequests } from '../support/routes.ts'
import { post } from '../support/send.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'

const s3 = await useStorage()
const running = useRunningRoutes()
const form = formBody([filePart('a', 'a', 'a')])
const options = { bucket: BUCKET, client: s3.client }
const withHeaders = (headers: unknown) => Object.assign(incoming([form]), { headers })

describe('streamToS3 throws a TypeError at once for', () => {
  it.each<[string, unknown, RegExp]>([
    ['undefined', undefined, /^The request must be a Node request .* it is undefined\.$/],
    ['null', null, /it is null\.$/],
    ['a string', 'request', /it is 'request'\.$/],
    ['an object', {}, /it is {}\.$/],
    ['a web Request', new Request('http://a/'), /it is a web Request\. Pass .*Readable\.fromWeb/],
    ["Koa's context", { req: {}, headers: {} }, /Pass its property req\.$/],
    ["Fastify's request", { raw: {}, headers: {} }, /Pass its property raw\.$/],
    ['no headers', withHeaders(undefined), /^request\.headers must be an object .* it is undefined\./],
    ['headers: null', withHeaders(null), /it is null\./],
    ['a web Headers object', withHeaders(new Headers()), /Object\.fromEntries\(headers\)/],
    ['a Map', withHeaders(new Map()), /Object\.fromEntries\(headers\)/],
    [
      'a Content-Type in an array',
      withHeaders({ 'content-type': [FORM_TYPE] }),
      /^request\.headers\['content-type'\] must be a string; it is \[Array\]\.$/,
    ],
    ['a Content-Type of null', withHeaders({ 'content-type': null }), /content-type.* it is null/],
    [
      'a Content-Length in an array',
      withHeaders({ 'content-type': FORM_TYPE, 'content-length': ['5'] }),
      /content-length.* must be a string/,
    ],
    [
      'a Content-Encoding that is a number',
      withHeaders({ 'content-type': FORM_TYPE, 'content-encoding': 5 }),
      /content-encoding.* it is 5/,
    ],
  ])('%s', (_, request, message) => {
    const call = () => streamToS3(request as IncomingRequest, options)
    expect(call).toThrow(TypeError)
    expect(call).toThrow(message)
  })
})

it('accepts headers without a prototype, and a Content-Length that is a number', async () => {
  const headers = Object.assign(Object.create(null), {
    'content-type': FORM_TYPE,
    'content-length': form.length,
  })
  expect((await streamToS3(withHeaders(headers), options)).files).toHaveLength(1)
})

it.each<[string, unknown]>([
  ['no headers', undefined],
  ['a Content-Type in an array', { 'content-type': [FORM_TYPE] }],
])('an adapter fails with 500 for %s, and onError gets the TypeError', async (_, headers) => {
  const seen: unknown[] = []
  const route = await listen(() => s3Upload({ ...options, onError: error => seen.push(error) }))
  running.push(route)
  // As a platform does that makes the requests itself. The listener makes the route look at `Expect` as well.
  route.server.on('checkContinue', () => {})
  wrapRequests(route.server, (handler, request, response) => {
    Object.defineProperty(request, 'headers', { value: headers })
    handler(request, response)
  })
  expect((await post(route.url, form)).status).toBe(500)
  expect(seen).toEqual([expect.any(TypeError)])
  expectNothingLeft(s3)
})

describe('a client whose send()', () => {
  const clients: [string, () => unknown, RegExp][] = [
    [
      'resolves with undefined',
      async () => undefined,
      /^PutObject for .* failed: .*send\(\) of the client resolved with undefined,/,
    ],
    ['resolves with null', async () => null, /resolved with null,/],
    ['returns a string', () => 'ok', /resolved with 'ok',/],
    ['rejects with undefined', () => Promise.reject(), /the client threw undefined, not an Error\./],
    ['rejects with null', () => Promise.reject(null), /the client threw null, not an Error\./],
    [
      'throws a string',
      () => {
        throw 'x'
      },
      /the client threw 'x', not an Error\./,
    ],
  ]

  it.each(clients)('%s: STORAGE_FAILED, with a message that says so', async (_, send, message) => {
    const client = { config: {}, send } as never
    const outcome = streamToS3(incoming([form]), { ...options, client })
    await expect(outcome).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      message: expect.stringMatching(message),
    })
  })
})
