import type { RequestListener } from 'node:http'
import express5 from 'express'
import express4 from 'express4'
import Koa3 from 'koa'
import Koa2 from 'koa2'
import { s3Upload as expressUpload } from 's3-upstream/express'
import { s3Upload as httpUpload } from 's3-upstream/http'
import { s3Upload as koaUpload } from 's3-upstream/koa'
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { S3UploadOptions } from '../../src/options/options.ts'
import { UploadError } from '../../src/shared/errors.ts'
import { filePart, formBody } from '../support/form-body.ts'
import { listen, useRunningRoutes } from '../support/routes.ts'
import { post } from '../support/send.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { until } from '../support/until.ts'

const s3 = await useStorage()
const running = useRunningRoutes()
const form = formBody([filePart('a', 'a', 'a')])

const printed = vi.spyOn(console, 'error').mockImplementation(() => {})
beforeEach(() => {
  printed.mockClear()
})
afterAll(() => printed.mockRestore())

/** Each framework with its own default error handler, which is the least careful with an error. */
const frameworks: [string, (options: S3UploadOptions) => RequestListener][] = [
  ['Express 4', options => expressApp(express4 as typeof express5, options)],
  ['Express 5', options => expressApp(express5, options)],
  ['Koa 2', options => koaApp(Koa2 as unknown as typeof Koa3, options)],
  ['Koa 3', options => koaApp(Koa3, options)],
  ['node:http', ({ respond: _, ...options }) => httpUpload(options)],
]

function expressApp(express: typeof express5, options: S3UploadOptions): RequestListener {
  const app = express().set('env', 'production')
  app.use(expressUpload(options))
  app.use((_request, response) => void response.send('passed on'))
  return app as unknown as RequestListener
}

function koaApp(Koa: typeof Koa3, options: S3UploadOptions): RequestListener {
  const app = new Koa()
  app.use(koaUpload(options))
  app.use(ctx => {
    ctx.body = 'passed on'
  })
  return app.callback()
}

const HOOKS = ['onFile', 'key', 'params', 'validate', 'onProgress', 'onStored'] as const

const revoked = Proxy.revocable({}, {})
revoked.revoke()
const throwing = {
  get() {
    throw new Error('a getter')
  },
}
const noErrors: Record<string, unknown> = {
  null: null,
  undefined: undefined,
  false: false,
  'an empty string': '',
  zero: 0,
  "'route'": 'route',
  "'router'": 'router',
  'a BigInt': 1n,
  'a Symbol': Symbol('s'),
  'an object whose getters throw': Object.defineProperties({}, { status: throwing, message: throwing }),
  'a revoked Proxy': revoked.proxy,
  'an Error whose getters throw': Object.defineProperties(new Error('x'), { status: throwing }),
}
const faults: Record<string, unknown> = {
  'a refused connection': Object.assign(new Error('connect 10.0.0.1'), { code: 'ECONNREFUSED' }),
  'a missing file': Object.assign(new Error('open /etc/secret'), { code: 'ENOENT' }),
  'a frozen TypeError': Object.freeze(new TypeError('x is not a function')),
  'an axios error': Object.assign(new Error('404 from internal'), {
    status: 404,
    expose: true,
    response: {},
  }),
  'an invalid header': new UploadError('REFUSED', 'no', { headers: { 'X-A': 'a\r\nb' } }),
  'a bug with an invalid header': Object.assign(new TypeError('x'), { headers: { 'X-A': 'a\r\nb' } }),
}
const ways: [string, (thrown: unknown) => unknown][] = [
  [
    'throws',
    thrown => {
      throw thrown
    },
  ],
  ['rejects with', thrown => Promise.reject(thrown)],
  [
    'returns a thenable that rejects with',
    thrown => {
      const then = (_: unknown, reject: (reason: unknown) => void) => reject(thrown)
      return Object.assign({}, { then })
    },
  ],
  [
    'returns a thenable that throws',
    thrown => {
      const then = () => {
        throw thrown
      }
      return Object.assign({}, { then })
    },
  ],
]

describe.each(frameworks)('%s', (name, makeHandler) => {
  async function start(options: Partial<S3UploadOptions>) {
    const route = await listen(() => makeHandler({ bucket: BUCKET, client: s3.oneTry, ...options }))
    running.push(route)
    return route
  }

  /** Also that the message reaches the log and not the client. */
  async function expectFault(options: Partial<S3UploadOptions>, what: string) {
    printed.mockClear()
    const { url } = await start(options)
    const { status, text } = await post(url, form)
    expect(status, what).toBe(500)
    expect(text, what).toContain(options.respond === false ? 'Internal Server Error' : '"HOOK_FAILED"')
    expect(text, what).not.toMatch(/connect|secret|404|function|threw/)
    expectNothingLeft(s3)
    // Express prints the error of a route that does not respond, and does so later.
    await until(() => printed.mock.calls.length > 0)
    return printed.mock.calls.flat().map(String).join()
  }

  describe.each(HOOKS)('%s', hook => {
    it.each(ways)('that %s what is no Error fails with 500, and it is printed', async (_, fail) => {
      for (const [what, thrown] of Object.entries(noErrors)) {
        const output = await expectFault({ [hook]: () => fail(thrown) }, what)
        expect(output, what).toContain(`${hook} threw`)
      }
    })

    it('that meets an outage or has a bug fails with 500, and it is printed', async () => {
      for (const [what, thrown] of Object.entries(faults)) {
        await expectFault({ [hook]: () => Promise.reject(thrown) }, what)
      }
    })

    it.each([
      [new Error('Not today.'), 422, 'Not today.'],
      [Object.assign(new Error('Not yours.'), { statusCode: 403 }), 403, 'Not yours.'],
      [new UploadError('ALREADY_EXISTS', 'There is one.'), 409, 'There is one.'],
    ])('refuses with %s', async (thrown, status, detail) => {
      const { url } = await start({
        [hook]: () => {
          throw thrown
        },
      })
      expect(await post(url, form)).toMatchObject({ status, json: { detail } })
      expectNothingLeft(s3)
      expect(printed).not.toHaveBeenCalled()
    })
  })

  it('gives onError an Error', async () => {
    for (const [what, thrown] of Object.entries({ ...noErrors, ...faults })) {
      const seen: unknown[] = []
      printed.mockClear()
      const { url } = await start({ key: () => Promise.reject(thrown), onError: error => seen.push(error) })
      expect((await post(url, form)).status, what).toBe(500)
      expect(seen, what).toMatchObject([{ code: 'HOOK_FAILED' }])
      expect(printed, what).not.toHaveBeenCalled()
    }
  })

  if (name !== 'node:http') {
    it('passes it on with respond: false', async () => {
      for (const [what, thrown] of Object.entries({ ...noErrors, ...faults })) {
        await expectFault({ respond: false, validate: () => Promise.reject(thrown) }, what)
      }
    })

    it('passes on a copy of a frozen UploadError: frameworks add properties to errors', async () => {
      const frozen = Object.freeze(new UploadError('REFUSED', 'No.'))
      const { url } = await start({ respond: false, validate: () => Promise.reject(frozen) })
      expect((await post(url, form)).status).toBe(422)
      if (name.startsWith('Express')) await until(() => printed.mock.calls.length > 0)
    })
  }
})
