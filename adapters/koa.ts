import type { Context, Middleware } from 'koa'
import type { Framework } from '../src/http/adapter-types.ts'
import type { UploadOf, UploadRoute } from '../src/http/route-types.ts'
import type { S3UploadOptions } from '../src/options/options.ts'
import type { StoredUpload, UploadContext, UploadResult } from '../src/shared/types.ts'
import { createAdapter } from '../src/upload/create-adapter.ts'

export { UploadError } from '../src/shared/errors.ts'
export type { S3UploadOptions, StoredUpload, UploadOf, UploadResult, UploadRoute }

export interface KoaUploadContext extends UploadContext {
  ctx: Context
}

interface State<Stored> {
  upload?: Stored
}

interface Koa extends Framework {
  context: KoaUploadContext
  handler: Middleware<State<this['stored']>>
}

/**
 * Makes middleware for Koa 2 and 3 that streams every file of a multipart form to S3. It responds with 201 and the
 * result, or with problem details. With `respond: false` it sets `ctx.state.upload` and calls `next()`, or throws.
 * Requests other than POST, PUT and PATCH continue unchanged.
 *
 * @example app.use(s3Upload('my-bucket'))
 * @throws TypeError for invalid options
 */
export const s3Upload = createAdapter<Koa>({
  hasNext: true,
  createHandler: handle =>
    async function s3Upload(ctx, next) {
      const outcome = await handle({ request: ctx.req, response: ctx.res, context: { ctx } })
      if (outcome.action === 'respond') {
        ctx.status = outcome.response.status
        ctx.body = outcome.response.body
        // After the body: Koa sets Content-Type and Content-Length from it.
        ctx.set(outcome.response.headers)
      }
      if (outcome.action === 'fail') throw outcome.error
      if (outcome.action === 'next') {
        if (outcome.result) ctx.state.upload = outcome.result
        return next()
      }
    },
})
