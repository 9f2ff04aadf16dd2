import { EventEmitter, once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import Koa3, { type Middleware } from 'koa'
import compress from 'koa-compress'
import Koa2 from 'koa2'
import { s3Upload } from 's3-upstream/koa'
import { describe, expect, it } from 'vitest'
import type { S3UploadOptions } from '../../src/options/options.ts'
import { bytes, MB } from '../support/bytes.ts'
import { hold } from '../support/faults.ts'
import { FORM_TYPE, filePart, formBody } from '../support/form-body.ts'
import { listen, useRunningRoutes } from '../support/routes.ts'
import { open, post } from '../support/send.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { until } from '../support/until.ts'

const s3 = await useStorage()
const running = useRunningRoutes()

/** Middleware around the upload, such as logging and compression, relies on these. */
interface Seen {
  status: number
  body: unknown
  length: number | undefined
  type: string
}

describe.each([
  ['Koa 2', Koa2 as unknown as typeof Koa3],
  ['Koa 3', Koa3],
])('middleware around the upload in %s', (_, Koa) => {
  async function start(options: Partial<S3UploadOptions> = {}) {
    const seen: Seen[] = []
    const route = await listen(() => {
      const app = new Koa()
      app.silent = true
      app.use(async (ctx, next) => {
        // An earlier body must not affect the headers of the response.
        ctx.body = { placeholder: true }
        await next()
        const { status, body, length, type } = ctx.response
        seen.push({ status, body, length, type })
      })
      app.use(s3Upload({ bucket: BUCKET, client: s3.oneTry, onError: () => {}, ...options }))
      return app.callback()
    })
    running.push(route)
    return { url: route.url, seen }
  }

  it('sees status and body of a result', async () => {
    const { url, seen } = await start()
    const reply = await post(url, formBody([filePart('a', 'a', 'a')]))
    expect(reply.headers['content-type']).toBe('application/json')
    expect(seen).toEqual([
      { status: 201, body: reply.text, length: Buffer.byteLength(reply.text), type: 'application/json' },
    ])
  })

  it('sees status and body of a problem', async () => {
    const { url, seen } = await start()
    const reply = await post(url, '{}', { 'content-type': 'application/json' })
    expect(reply.headers['content-length']).toBe(`${Buffer.byteLength(reply.text)}`)
    expect(seen).toMatchObject([
      { status: 415, length: Buffer.byteLength(reply.text), type: 'application/problem+json' },
    ])
  })

  it('sees status and body of a problem while the client still sends', async () => {
    const { url, seen } = await start({ maxFileSize: 10 })
    const form = formBody([filePart('a', 'a', bytes(2 * MB))])
    const client = open(url, { 'content-type': FORM_TYPE, 'content-length': `${form.length}` })
    client.write(form.subarray(0, MB))
    const [response] = (await once(client, 'response')) as [IncomingMessage]
    expect(response.headers).toMatchObject({
      'content-type': 'application/problem+json',
      'content-length': `${seen[0]?.length}`,
      connection: 'close',
    })
    expect(response.headers['transfer-encoding']).toBeUndefined()
    expect(seen).toMatchObject([{ status: 413, type: 'application/problem+json' }])
    expect(JSON.parse(`${seen[0]?.body}`)).toMatchObject({ code: 'FILE_TOO_LARGE' })
    const closed = once(client, 'close')
    response.resume()
    client.end(form.subarray(MB))
    await closed
  })

  it('does not hold back the response while the client still sends: koa-compress', async () => {
    const route = await listen(() => {
      const app = new Koa()
      app.silent = true
      app.use(compress({ threshold: 0 }) as Middleware)
      app.use(s3Upload(BUCKET, { client: s3.oneTry, maxFileSize: 10, onError: () => {} }))
      return app.callback()
    })
    running.push(route)
    const headers = { 'content-type': FORM_TYPE, 'accept-encoding': 'gzip' }
    const form = formBody([filePart('a', 'a', 'a')])
    const stored = await fetch(route.url, { method: 'POST', body: form, headers })
    expect(stored.headers.get('content-encoding')).toBe('gzip')
    expect(await stored.json()).toMatchObject({ files: [{ size: 1 }] })
    const client = open(route.url, { ...headers, 'content-length': `${2 * MB}` })
    client.write(formBody([filePart('a', 'a', bytes(MB))]))
    const [response] = (await once(client, 'response')) as [IncomingMessage]
    const problem = Buffer.concat(await response.take(1).toArray())
    expect(JSON.parse(problem.toString())).toMatchObject({ status: 413, code: 'FILE_TOO_LARGE' })
    client.destroy()
  })

  it('stores nothing if a race in front of it is lost', async () => {
    const failures = new EventEmitter()
    const failed = once(failures, 'failure')
    const release = hold(s3, 'PutObject')
    const route = await listen(() => {
      const app = new Koa()
      app.use(async (ctx, next) => {
        const committing = until(() => s3.requests.some(({ operation }) => operation === 'PutObject'))
        await Promise.race([next(), committing])
        ctx.status = 503
        ctx.body = 'timeout'
      })
      app.use(s3Upload(BUCKET, { client: s3.oneTry, onError: error => failures.emit('failure', error) }))
      return app.callback()
    })
    running.push(route)
    const reply = await post(route.url, formBody([filePart('a', 'a', 'a')]))
    release()
    expect(reply).toMatchObject({ status: 503, text: 'timeout' })
    expect(await failed).toMatchObject([{ code: 'ALREADY_ANSWERED' }])
    expectNothingLeft(s3)
  })
})
