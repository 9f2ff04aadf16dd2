import { IncomingMessage, ServerResponse } from 'node:http'
import { Socket } from 'node:net'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { createUploadRoute, type Exchange, type UploadRouteConfig } from '../../src/http/upload-route.ts'
import { resolveRoute } from '../../src/options/route-settings.ts'
import { UploadError } from '../../src/shared/errors.ts'
import type { StoredUpload } from '../../src/shared/types.ts'

const RESULT: StoredUpload = { files: [], fields: { a: 'b' }, rollback: async () => [] }
const FAULT = new UploadError('STORAGE_FAILED', 'PutObject of "a" failed')
const BUG = new TypeError('x is not a function')

function exchange(method = 'POST'): Exchange {
  const request = Object.assign(new IncomingMessage(new Socket()), { method })
  return { request, response: new ServerResponse(request) }
}

/** A route whose uploads all end with this result or this error. */
function routeFor(outcome: StoredUpload | Error, config: Partial<UploadRouteConfig> = {}) {
  const upload = vi.fn(async () => {
    if (outcome instanceof Error) throw outcome
    return { result: outcome, body: undefined }
  })
  const settings = resolveRoute('b', { onError() {} })
  return { upload, handle: createUploadRoute({ upload, settings, hasNext: true, ...config }) }
}

const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
afterEach(() => {
  printed.mockClear()
})
afterAll(() => printed.mockRestore())

it('responds with the result', async () => {
  const { handle } = routeFor(RESULT)
  expect(await handle(exchange())).toMatchObject({
    action: 'respond',
    response: { status: 201, body: JSON.stringify(RESULT) },
  })
})

it('responds with an error that defines its response', async () => {
  const { handle } = routeFor(new UploadError('FILE_TOO_LARGE', 'why'))
  expect(await handle(exchange())).toMatchObject({ action: 'respond', response: { status: 413 } })
})

it('does nothing when the client has disconnected', async () => {
  const { handle } = routeFor(new UploadError('ABORTED', ''))
  expect(await handle(exchange())).toEqual({ action: 'none' })
})

it('prints that other code has responded, and does nothing', async () => {
  const error = new UploadError('ALREADY_ANSWERED', '')
  const { handle } = routeFor(error, { settings: resolveRoute('b') })
  expect(await handle(exchange())).toEqual({ action: 'none' })
  expect(printed.mock.calls).toEqual([[error]])
})

it('passes to the upload the options and the properties for the context of the hooks', async () => {
  const settings = resolveRoute('b')
  const { upload, handle } = routeFor(RESULT, { settings })
  const context = { user: 'ada' }
  const sent = exchange()
  await handle({ ...sent, context })
  const { request, response } = sent
  const functions = ['onAccepted', 'onOptions', 'isAnswered'].map(name => [name, expect.any(Function)])
  const extras = { context, response, ...Object.fromEntries(functions) }
  expect(upload.mock.calls).toEqual([[request, settings, extras]])
})

it.each([
  ['respond: true', true, [false, true, true]],
  ['respond: false, when the application may stream its response,', false, [false, false, true]],
])('tells the upload when other code has responded: with %s', async (_, respond, expected) => {
  const seen: boolean[] = []
  const sent = exchange()
  const upload: UploadRouteConfig['upload'] = async (_request, _options, { isAnswered }) => {
    seen.push(isAnswered())
    sent.response.writeHead(200).flushHeaders()
    seen.push(isAnswered())
    sent.response.end()
    seen.push(isAnswered())
    return { result: RESULT, body: undefined }
  }
  await createUploadRoute({ upload, settings: resolveRoute('b', { respond }), hasNext: true })(sent)
  expect(seen).toEqual(expected)
})

describe('with a next handler', () => {
  it.each(['GET', 'HEAD', 'DELETE'])('passes a %s request on without an upload', async method => {
    const { upload, handle } = routeFor(RESULT)
    expect(await handle(exchange(method))).toEqual({ action: 'next', result: undefined })
    expect(upload).not.toHaveBeenCalled()
  })

  it('passes a bug to the error handler of the framework', async () => {
    const { handle } = routeFor(BUG, { settings: resolveRoute('b') })
    expect(await handle(exchange())).toEqual({ action: 'fail', error: BUG })
    expect(printed).not.toHaveBeenCalled()
  })

  it('passes the result on with respond: false', async () => {
    const { handle } = routeFor(RESULT, { settings: resolveRoute('b', { respond: false }) })
    expect(await handle(exchange())).toEqual({ action: 'next', result: RESULT })
  })

  it.each([FAULT, new UploadError('ABORTED', '')])(
    'passes every error on with respond: false: $code',
    async error => {
      const { handle } = routeFor(error, { settings: resolveRoute('b', { respond: false }) })
      expect(await handle(exchange())).toEqual({ action: 'fail', error })
    },
  )
})

describe('without a next handler', () => {
  it.each(['GET', 'HEAD', 'DELETE'])('responds to a %s request with 405', async method => {
    const { upload, handle } = routeFor(RESULT, { hasNext: false })
    expect(await handle(exchange(method))).toMatchObject({
      action: 'respond',
      response: { status: 405, headers: { Allow: 'POST, PUT, PATCH' } },
    })
    expect(upload).not.toHaveBeenCalled()
  })

  it('responds to a bug with 500', async () => {
    const { handle } = routeFor(BUG, { hasNext: false })
    expect(await handle(exchange())).toMatchObject({ action: 'respond', response: { status: 500 } })
  })

  it('throws TypeError for respond: false', () => {
    const settings = resolveRoute('b', { respond: false })
    expect(() => routeFor(RESULT, { settings, hasNext: false })).toThrow(
      new TypeError('respond: false needs a next handler. Without one, use streamToS3().'),
    )
  })
})

describe('onError', () => {
  it.each([FAULT, BUG])('leaves server faults to console.error if it is not set: %s', async error => {
    await routeFor(error, { hasNext: false, settings: resolveRoute('b') }).handle(exchange())
    expect(printed.mock.calls).toEqual([[error]])
  })

  it('replaces console.error', async () => {
    await routeFor(FAULT).handle(exchange())
    expect(printed).not.toHaveBeenCalled()
  })

  it('prints neither errors of the client nor uploads that the server cancelled', async () => {
    const settings = resolveRoute('b')
    for (const code of ['FILE_TOO_LARGE', 'CANCELLED', 'ABORTED'] as const) {
      await routeFor(new UploadError(code, ''), { settings }).handle(exchange())
    }
    expect(printed).not.toHaveBeenCalled()
  })
})
