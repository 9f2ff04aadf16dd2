import { once } from 'node:events'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { describe, expect, it, vi } from 'vitest'
import type { S3UploadOptions } from '../../src/options/options.ts'
import type { UploadError } from '../../src/shared/errors.ts'
import type { UploadContext, UploadResult } from '../../src/shared/types.ts'
import { bytes, MB } from '../support/bytes.ts'
import { FORM_TYPE, filePart, formBody } from '../support/form-body.ts'
import type { RunningRoute } from '../support/routes.ts'
import { combinations, useRunningRoutes, wrapRequests } from '../support/routes.ts'
import { open, post, replyTo } from '../support/send.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { until } from '../support/until.ts'

const s3 = await useStorage()
const running = useRunningRoutes()

const FORM = formBody([
  { name: 'album', body: 'summer' },
  filePart('a', 'a.txt', 'small'),
  filePart('b', 'b.bin', bytes(6 * MB)),
])

describe.each(combinations)('$kind.name, $name: onStored', ({ kind, uploader }) => {
  async function start(options: Partial<S3UploadOptions>): Promise<RunningRoute> {
    const route = await kind.open({
      bucket: BUCKET,
      client: s3.oneTry,
      uploader,
      key: ({ field }) => field,
      onError: () => {},
      ...options,
    })
    running.push(route)
    return route
  }

  const keys = () => s3.objects(BUCKET).map(({ key }) => key)

  it('sees what S3 has stored, and returns the body of the response', async () => {
    let seen: { result: UploadResult; objects: string[]; fields: object } | undefined
    const { url } = await start({
      async onStored(result, { fields }) {
        await Promise.resolve()
        seen = { result, objects: keys(), fields }
        return { id: 7, files: result.files.length }
      },
    })
    const reply = await post(url, FORM)
    expect(reply).toMatchObject({ status: 201, json: { id: 7, files: 2 } })
    expect(reply.text).toBe('{"id":7,"files":2}')
    expect(seen?.objects).toEqual(['a', 'b'])
    expect(seen?.fields).toEqual({ album: 'summer' })
    expect(seen?.result).toMatchObject({
      files: [
        { key: 'a', size: 5, etag: s3.objects(BUCKET)[0]?.etag },
        { key: 'b', size: 6 * MB, etag: s3.objects(BUCKET)[1]?.etag },
      ],
      fields: { album: 'summer' },
    })
  })

  it('keeps the default body if it returns nothing', async () => {
    const { url } = await start({ onStored() {} })
    expect((await post(url, FORM)).json).toMatchObject({ files: [{ key: 'a' }, { key: 'b' }] })
  })

  it.each([
    ['an Error', () => new Error('The row exists.'), 422, { code: 'REFUSED', detail: 'The row exists.' }],
    ['a 4xx', () => Object.assign(new Error('Not yours.'), { status: 403 }), 403, { detail: 'Not yours.' }],
    [
      'an outage',
      () => Object.assign(new Error('connect 10.0.0.1'), { code: 'ECONNREFUSED' }),
      500,
      { code: 'HOOK_FAILED', title: 'Hook failed' },
    ],
  ])('that rejects with %s removes every object', async (_, thrown, status, problem) => {
    let stored = 0
    const { url } = await start({
      key: undefined,
      async onStored() {
        stored = keys().length
        throw thrown()
      },
    })
    const reply = await post(url, FORM)
    expect(stored).toBe(2)
    expect(reply).toMatchObject({ status, json: problem })
    expect(reply.text).not.toContain('10.0.0.1')
    expectNothingLeft(s3)
  })

  it('names what a rollback could not remove', async () => {
    const onError = vi.fn()
    const { url } = await start({ onError, onStored: () => Promise.reject(new Error('no')) })
    s3.fault(({ operation, key }) =>
      operation === 'DeleteObject' && key === 'a' ? { status: 403, code: 'AccessDenied' } : undefined,
    )
    expect((await post(url, FORM)).status).toBe(422)
    const [{ code, leftovers }] = onError.mock.calls[0] as [UploadError]
    expect(code).toBe('REFUSED')
    expect(leftovers.map(({ bucket, key }) => [bucket, key]).sort()).toEqual(keys().map(key => [BUCKET, key]))
    expect(keys()).toContain('a')
  })

  it('never removes what another writer has stored meanwhile', async () => {
    const { url } = await start({
      async onStored() {
        await s3.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'a', Body: 'of B' }))
        throw new Error('no')
      },
    })
    expect((await post(url, FORM)).status).toBe(422)
    expect(`${s3.objects(BUCKET).find(({ key }) => key === 'a')?.body}`).toBe('of B')
  })

  it('is not undone by a client that disconnects', async () => {
    const onError = vi.fn()
    let ended: AbortSignal | undefined
    let finish = () => {}
    const { url, server } = await start({
      onError,
      onStored: (_, { signal }) =>
        new Promise<void>(resolve => {
          ended = signal
          finish = resolve
        }),
    })
    const client = open(url, { 'content-type': FORM_TYPE, 'content-length': `${FORM.length}` })
    const connected = once(server, 'connection')
    client.end(FORM)
    const [socket] = await connected
    await until(() => ended !== undefined)
    client.destroy()
    await once(socket, 'close')
    finish()
    await new Promise(resolve => setImmediate(resolve))
    expect(ended?.aborted).toBe(false)
    expect(onError).not.toHaveBeenCalled()
    expect(keys()).toEqual(['a', 'b'])
  })

  it('is not undone by the signal of the application', async () => {
    const controller = new AbortController()
    const { url } = await start({
      signal: controller.signal,
      async onStored() {
        controller.abort()
        return { stored: true }
      },
    })
    expect(await post(url, FORM)).toMatchObject({ status: 201, json: { stored: true } })
    expect(keys()).toEqual(['a', 'b'])
  })

  it('is not undone by other code that responds meanwhile', async () => {
    const onError = vi.fn()
    let respond = () => {}
    const { url, server } = await start({
      onError,
      async onStored() {
        respond()
      },
    })
    wrapRequests(server, (handler, request, response) => {
      respond = () => response.writeHead(503).end('late')
      handler(request, response)
    })
    expect(await post(url, FORM)).toMatchObject({ status: 503, text: 'late' })
    expect(onError).not.toHaveBeenCalled()
    expect(keys()).toEqual(['a', 'b'])
  })

  it('is not undone by an onProgress that rejects meanwhile', async () => {
    let failProgress = (_: Error) => {}
    const progress = new Promise<void>((_, reject) => {
      failProgress = reject
    })
    const { url } = await start({
      key: undefined,
      onProgress: () => progress as never,
      async onStored(_, { signal }) {
        failProgress(new Error('The progress is lost.'))
        await new Promise(resolve => setImmediate(resolve))
        return { aborted: signal.aborted }
      },
    })
    expect(await post(url, FORM)).toMatchObject({ status: 201, json: { aborted: false } })
    expect(keys()).toHaveLength(2)
  })

  it('fails with its own error, not with an earlier one of onProgress', async () => {
    let failProgress = (_: Error) => {}
    const progress = new Promise<void>((_, reject) => {
      failProgress = reject
    })
    const { url } = await start({
      key: undefined,
      onProgress: () => progress as never,
      async onStored() {
        failProgress(new Error('The progress is lost.'))
        await new Promise(resolve => setImmediate(resolve))
        throw new Error('The row exists.')
      },
    })
    expect(await post(url, FORM)).toMatchObject({ status: 422, json: { detail: 'The row exists.' } })
    expectNothingLeft(s3)
  })

  it('has no time limit', async () => {
    const { url } = await start({
      hookTimeout: 1,
      key: undefined,
      onStored: () => new Promise(resolve => setTimeout(resolve, 50, { slow: true })),
    })
    expect(await post(url, FORM)).toMatchObject({ status: 201, json: { slow: true } })
  })

  it('does not run if a file is refused or the client leaves before', async () => {
    const onStored = vi.fn()
    const errors: unknown[] = []
    const { url } = await start({ onStored, maxFileSize: '5MB', onError: error => errors.push(error) })
    expect((await post(url, FORM)).status).toBe(413)
    const client = open(url, { 'content-type': FORM_TYPE, 'content-length': '1000' })
    client.write(FORM.subarray(0, 200), () => client.destroy())
    await until(() => errors.length === 2)
    expect(onStored).not.toHaveBeenCalled()
    expectNothingLeft(s3)
  })

  if (kind.hasNext) {
    it('runs with respond: false too, before the next handler, and rolls back', async () => {
      const order: string[] = []
      const { url, errors } = await start({
        respond: false,
        onStored({ files }: UploadResult, { request }: UploadContext) {
          order.push('stored')
          if (request.headers['x-refuse']) throw new Error('no')
          return { ignored: files.length }
        },
      })
      expect((await post(url, FORM)).json.passedOn.files).toMatchObject([{ key: 'a' }, { key: 'b' }])
      expect((await post(url, FORM, { 'x-refuse': '1' })).json).toEqual({ handler: 'REFUSED' })
      expect(order).toEqual(['stored', 'stored'])
      expect(errors).toMatchObject([{ code: 'REFUSED' }])
    })
  }

  it('keeps a connection for the next request', async () => {
    const { url } = await start({ onStored: async () => ({ ok: true }) })
    const { Agent } = await import('node:http')
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let round = 0; round < 2; round++) {
      const client = open(url, { 'content-type': FORM_TYPE, 'content-length': `${FORM.length}` }, agent)
      client.end(FORM)
      expect((await replyTo(client)).json).toEqual({ ok: true })
      expect(client.reusedSocket).toBe(round > 0)
    }
    agent.destroy()
  })
})
