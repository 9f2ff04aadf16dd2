import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { createMemoryBudget } from 's3-upstream'
import { describe, expect, it, vi } from 'vitest'
import type { S3UploadOptions } from '../../src/options/options.ts'
import { bytes, MB } from '../support/bytes.ts'
import { FORM_TYPE, filePart, formBody } from '../support/form-body.ts'
import { routes, useRunningRoutes, wrapRequests } from '../support/routes.ts'
import { open, post } from '../support/send.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { until } from '../support/until.ts'

const s3 = await useStorage()
const running = useRunningRoutes()
const FORM = formBody([filePart('a', 'a.txt', 'hello')])

type PerRequest = Parameters<(typeof routes)[number]['open']>[0] & ((...args: never) => unknown)

describe.each(routes)('$name: options of one request', kind => {
  async function start(optionsOfRequest: unknown, routeOptions: Partial<S3UploadOptions> = {}) {
    const route = await kind.open(optionsOfRequest as PerRequest, { client: s3.oneTry, ...routeOptions })
    running.push(route)
    return route
  }

  it('are evaluated once for each request, with the request', async () => {
    const optionsOfRequest = vi.fn(async ({ request }: { request: { headers: Record<string, string> } }) => ({
      bucket: BUCKET,
      prefix: `${request.headers['x-user']}/`,
      key: ({ field }: { field: string }) => field,
    }))
    const { url } = await start(optionsOfRequest)
    const replies = await Promise.all(['ada', 'bob'].map(user => post(url, FORM, { 'x-user': user })))
    expect(replies.map(({ status }) => status)).toEqual([201, 201])
    expect(s3.objects(BUCKET).map(({ key }) => key)).toEqual(['ada/a', 'bob/a'])
    expect(optionsOfRequest).toHaveBeenCalledTimes(2)
  })

  it('replace the options of the route, and leave the others', async () => {
    const { url } = await start(
      ({ request }: { request: { headers: Record<string, string> } }) => ({
        bucket: BUCKET,
        maxFileSize: request.headers['x-plan'] === 'free' ? '4B' : undefined,
      }),
      { maxFileSize: '5B', prefix: 'in/' },
    )
    expect((await post(url, FORM, { 'x-plan': 'free' })).status).toBe(413)
    expect((await post(url, FORM)).json.files[0].key).toMatch(/^in\//)
  })

  it('are evaluated before a byte is read', async () => {
    const order: string[] = []
    const { url } = await start(async () => {
      await new Promise(resolve => setImmediate(resolve))
      order.push('options')
      return { bucket: BUCKET, onProgress: () => order.push('bytes') }
    })
    expect((await post(url, formBody([filePart('a', 'a', bytes(2 * MB))]))).status).toBe(201)
    expect(order.slice(0, 2)).toEqual(['options', 'bytes'])
    expect(order.filter(what => what === 'options')).toHaveLength(1)
  })

  it('are evaluated before a byte is read, also if other code has resumed the request', async () => {
    let received = 0
    const { url, server } = await start(async ({ request }: { request: IncomingMessage }) => {
      request.on('data', () => received++)
      // The first bytes are there.
      while (request.readableLength === 0) await new Promise(resolve => setImmediate(resolve))
      for (let tick = 0; tick < 10; tick++) await new Promise(resolve => setImmediate(resolve))
      expect(received).toBe(0)
      return { bucket: BUCKET, key: ({ field }: { field: string }) => field }
    })
    wrapRequests(server, (handler, request, response) => {
      request.resume()
      handler(request, response)
    })
    const film = bytes(2 * MB)
    expect((await post(url, formBody([filePart('film', 'a', film)]))).status).toBe(201)
    expect(s3.objects(BUCKET)[0]?.body).toEqual(film)
    expect(received).toBeGreaterThan(0)
  })

  it.each<[string, () => unknown, number, object]>([
    [
      'throws an Error',
      () => {
        throw new Error('No plan.')
      },
      422,
      { code: 'REFUSED', detail: 'No plan.' },
    ],
    [
      'rejects with a 4xx',
      () => Promise.reject(Object.assign(new Error('Sign in.'), { status: 401 })),
      401,
      { detail: 'Sign in.' },
    ],
    [
      'meets an outage',
      () => Promise.reject(Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })),
      500,
      { code: 'HOOK_FAILED' },
    ],
    ['returns nothing', () => undefined, 500, { code: 'HOOK_FAILED' }],
    ['returns a bucket', () => BUCKET, 500, { code: 'HOOK_FAILED' }],
    ['returns an unknown option', () => ({ bucket: BUCKET, maxSize: 1 }), 500, { code: 'HOOK_FAILED' }],
    ['returns a wrong option', () => ({ bucket: BUCKET, maxFileSize: 'much' }), 500, { code: 'HOOK_FAILED' }],
    ['returns a budget', () => ({ bucket: BUCKET, memoryBudget: '16MB' }), 500, { code: 'HOOK_FAILED' }],
    [
      'returns a limit of requests',
      () => ({ bucket: BUCKET, maxS3Requests: 1 }),
      500,
      { code: 'HOOK_FAILED' },
    ],
    ['returns respond', () => ({ bucket: BUCKET, respond: true }), 500, { code: 'HOOK_FAILED' }],
  ])('that %s fail the request, and nothing is stored', async (_, optionsOfRequest, status, problem) => {
    const onError = vi.fn()
    const { url } = await start(optionsOfRequest, { onError })
    expect(await post(url, formBody([filePart('a', 'a', bytes(6 * MB))]))).toMatchObject({
      status,
      json: problem,
    })
    expect(onError).toHaveBeenCalledTimes(1)
    expect(s3.requests).toEqual([])
  })

  it.each(['memoryBudget', 'maxS3Requests', 'respond'])('say why %s is not one of them', async name => {
    const onError = vi.fn()
    const { url } = await start(() => ({ bucket: BUCKET, [name]: 1 }), { onError })
    await post(url, FORM)
    expect(onError.mock.calls[0]?.[0].message).toContain(`${name} cannot be an option of one request`)
    expect(onError.mock.calls[0]?.[0].cause).toBeInstanceOf(TypeError)
  })

  it('that do not settle end with hookTimeout', async () => {
    const { url } = await start(() => new Promise(() => {}), { hookTimeout: 20, onError() {} })
    expect(await post(url, FORM)).toMatchObject({ status: 500, json: { code: 'HOOK_FAILED' } })
    expectNothingLeft(s3)
  })

  it('end when the client leaves', async () => {
    const onError = vi.fn()
    let signal: AbortSignal | undefined
    const { url } = await start(
      (context: { signal: AbortSignal }) => {
        signal = context.signal
        return new Promise(() => {})
      },
      { onError },
    )
    const client = open(url, { 'content-type': FORM_TYPE, 'content-length': `${FORM.length}` })
    client.write(FORM.subarray(0, 10))
    await until(() => signal !== undefined)
    client.destroy()
    await until(() => onError.mock.calls.length > 0)
    expect(onError.mock.calls[0]?.[0]).toMatchObject({ code: 'ABORTED' })
    expect(signal?.aborted).toBe(true)
  })

  it('share the budget of the route', async () => {
    const memoryBudget = createMemoryBudget('16MB')
    const inUse: number[] = []
    const onProgress = () => inUse.push(memoryBudget.inUse)
    const { url } = await start(() => ({ bucket: BUCKET, onProgress }), { memoryBudget })
    const form = formBody([filePart('a', 'a', bytes(6 * MB))])
    const replies = await Promise.all([1, 2, 3, 4].map(() => post(url, form)))
    expect(replies.map(({ status }) => status)).toEqual([201, 201, 201, 201])
    expect(Math.max(...inUse)).toBeGreaterThan(5 * MB)
    expect(Math.max(...inUse)).toBeLessThanOrEqual(16 * MB)
  })

  it('come before 100 Continue', async () => {
    const { url, server } = await start(() => Promise.reject(Object.assign(new Error('no'), { status: 401 })))
    server.on('checkContinue', (request, response) => server.emit('request', request, response))
    const client = open(url, { 'content-type': FORM_TYPE, 'content-length': '1000', expect: '100-continue' })
    const onContinue = vi.fn()
    client.on('continue', onContinue)
    client.flushHeaders()
    const [response] = await once(client, 'response')
    expect(response.statusCode).toBe(401)
    expect(onContinue).not.toHaveBeenCalled()
    client.destroy()
  })

  it('are checked at creation where they do not depend on the request', async () => {
    await expect(start(() => ({ bucket: BUCKET }), { maxFileSize: 'much' as never })).rejects.toThrow(
      TypeError,
    )
  })

  if (kind.hasNext) {
    it('are not evaluated for requests that continue', async () => {
      const optionsOfRequest = vi.fn(() => ({ bucket: BUCKET }))
      const { url } = await start(optionsOfRequest)
      expect(await (await fetch(url)).json()).toEqual({ passedOn: null })
      expect(optionsOfRequest).not.toHaveBeenCalled()
    })

    it('pass the result on with respond: false', async () => {
      const { url } = await start(() => ({ bucket: BUCKET }), { respond: false })
      expect((await post(url, FORM)).json.passedOn.files).toHaveLength(1)
    })
  }
})
