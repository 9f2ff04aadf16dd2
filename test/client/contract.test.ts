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
const customExpressRoute = express('b', { client, respond: false })
const customKoaRoute = koa({ bucket: 'b', client, respond: false })

/** The compiler checks these types. The tests call no route. */
describe('the type of a route', () => {
  it('declares the result', () => {
    expectTypeOf<ResultOf<typeof expressRoute>>().toEqualTypeOf<UploadResult>()
    expectTypeOf<ResultOf<typeof koaRoute>>().toEqualTypeOf<UploadResult>()
    expectTypeOf<ResultOf<typeof httpRoute>>().toEqualTypeOf<UploadResult>()
    expectTypeOf<ServerResult>().toEqualTypeOf<UploadResult>()
    expectTypeOf(upload<typeof expressRoute>).returns.resolves.toEqualTypeOf<UploadResult>()
    expectTypeOf(() => upload('/', [])).returns.resolves.toEqualTypeOf<UploadResult>()
    expectTypeOf(uploadEach<typeof httpRoute>).returns.toEqualTypeOf<Uploads<UploadResult>>()
  })

  it('is unknown for a handler that writes its own response, unless the handler declares it', () => {
    expectTypeOf<ResultOf<typeof customExpressRoute>>().toEqualTypeOf<unknown>()
    expectTypeOf<ResultOf<typeof customKoaRoute>>().toEqualTypeOf<unknown>()
    expectTypeOf<ResultOf<RequestHandler>>().toEqualTypeOf<unknown>()
    type CustomRoute = RequestHandler & Answers<{ photo: string }>
    expectTypeOf<ResultOf<CustomRoute>>().toEqualTypeOf<{ photo: string }>()
    expectTypeOf(upload<Answers<{ photo: string }>>).returns.resolves.toEqualTypeOf<{ photo: string }>()
  })

  it('can narrow the type of the fields', () => {
    interface Avatar extends UploadResult {
      fields: { user: string }
    }
    type Route = UploadRoute<RequestHandler, true, Avatar>
    expectTypeOf<ResultOf<Route>['fields']>().toEqualTypeOf<{ user: string }>()
  })

  it('stays assignable to the handler type of the framework', () => {
    expectTypeOf(expressRoute).toExtend<RequestHandler>()
    expectTypeOf(customExpressRoute).toExtend<RequestHandler>()
    expectTypeOf(koaRoute).toExtend<Middleware>()
    expectTypeOf(httpRoute).toExtend<RequestListener>()
    expect(httpRoute['~upload']).toBeUndefined()
  })
})

it('imports without a DOM', () => {
  const code = `
    for (const name of ['XMLHttpRequest', 'FormData', 'Blob', 'File', 'AbortSignal', 'performance']) delete globalThis[name]
    const client = await import('./client/index.ts')
    console.log(Object.keys(client).sort().join())`
  const args = ['--import', 'tsx', '--input-type=module', '--eval', code]
  expect(execFileSync(process.execPath, args, { encoding: 'utf8' }).trim()).toBe(
    'UploadError,upload,uploadEach',
  )
})
