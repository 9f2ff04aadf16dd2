import { execFileSync } from 'node:child_process'
import type { RequestListener } from 'node:http'
import type { RequestHandler } from 'express'
import type { Middleware } from 'koa'
import type { UploadResult as ServerResult } from 's3-upstream'
import {
  type Answers,
  type ResultOf,
  type UploadResult,
  type Uploads,
  upload,
  uploadEach,
} from 's3-upstream/client'
import { s3Upload as express, type UploadRoute } from 's3-upstream/express'
import { s3Upload as http } from 's3-upstream/http'
import { s3Upload as koa } from 's3-upstream/koa'
import { describe, expect, expectTypeOf, it } from 'vitest'

const client = { send() {}, config: {} } as never
const expressRoute = express('b', { client })
const koaRoute = koa({ bucket: 'b', client })
const httpRoute = http('b', { client })
const handsOn = express('b', { client, respond: false })
const koaHandsOn = koa({ bucket: 'b', client, respond: false })

/** Nothing here is called: the compiler is the test. */
describe('the type of a route', () => {
  it('gives the result', () => {
    expectTypeOf<ResultOf<typeof expressRoute>>().toEqualTypeOf<UploadResult>()
    expectTypeOf<ResultOf<typeof koaRoute>>().toEqualTypeOf<UploadResult>()
    expectTypeOf<ResultOf<typeof httpRoute>>().toEqualTypeOf<UploadResult>()
    expectTypeOf<ServerResult>().toEqualTypeOf<UploadResult>()
    expectTypeOf(upload<typeof expressRoute>).returns.resolves.toEqualTypeOf<UploadResult>()
    expectTypeOf(() => upload('/', [])).returns.resolves.toEqualTypeOf<UploadResult>()
    expectTypeOf(uploadEach<typeof httpRoute>).returns.toEqualTypeOf<Uploads<UploadResult>>()
  })

  it('gives nothing away for a handler that answers by itself, unless it says so', () => {
    expectTypeOf<ResultOf<typeof handsOn>>().toEqualTypeOf<unknown>()
    expectTypeOf<ResultOf<typeof koaHandsOn>>().toEqualTypeOf<unknown>()
    expectTypeOf<ResultOf<RequestHandler>>().toEqualTypeOf<unknown>()
    type Own = RequestHandler & Answers<{ photo: string }>
    expectTypeOf<ResultOf<Own>>().toEqualTypeOf<{ photo: string }>()
    expectTypeOf(upload<Answers<{ photo: string }>>).returns.resolves.toEqualTypeOf<{ photo: string }>()
  })

  it('has room for what a route knows of its fields', () => {
    interface Avatar extends UploadResult {
      fields: { user: string }
    }
    type Route = UploadRoute<RequestHandler, true, Avatar>
    expectTypeOf<ResultOf<Route>['fields']>().toEqualTypeOf<{ user: string }>()
  })

  it('leaves a handler a handler', () => {
    expectTypeOf(expressRoute).toExtend<RequestHandler>()
    expectTypeOf(handsOn).toEqualTypeOf<RequestHandler>()
    expectTypeOf(koaRoute).toExtend<Middleware>()
    expectTypeOf(httpRoute).toExtend<RequestListener>()
    expect(httpRoute['~upload']).toBeUndefined()
  })
})

it('is safe to import where there is no DOM', () => {
  const code = `
    for (const name of ['XMLHttpRequest', 'FormData', 'Blob', 'File', 'AbortSignal', 'performance']) delete globalThis[name]
    const client = await import('./client/index.ts')
    console.log(Object.keys(client).sort().join())`
  const args = ['--import', 'tsx', '--input-type=module', '--eval', code]
  expect(execFileSync(process.execPath, args, { encoding: 'utf8' }).trim()).toBe(
    'UploadError,upload,uploadEach',
  )
})
