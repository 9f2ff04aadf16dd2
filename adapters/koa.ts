import type { Context, Middleware } from 'koa'
import type { Responds, UploadRoute } from '../src/http/route-types.ts'
import { createUploadRoute } from '../src/http/upload-route.ts'
import type { S3UploadOptions } from '../src/options/options.ts'
import { resolveOptions } from '../src/options/resolve-options.ts'
import type { UploadContext, UploadResult } from '../src/shared/types.ts'
import { uploadForm } from '../src/upload/stream-to-s3.ts'

export { UploadError } from '../src/shared/errors.ts'
export type { S3UploadOptions, UploadResult, UploadRoute }

export interface KoaUploadContext extends UploadContext {
  ctx: Context
}

type Options = S3UploadOptions<KoaUploadContext>

/**
 * Makes middleware for Koa 2 and 3 that streams every file of a multipart form to S3. It responds with 201 and the
 * result, or with problem details. With `respond: false` it sets `ctx.state.upload` and calls `next()`, or throws.
 * Requests other than POST, PUT and PATCH continue unchanged.
 *
 * @example app.use(s3Upload('my-bucket'))
 * @throws TypeError for invalid options
 */
export function s3Upload<Respond extends boolean = true>(
  bucket: string,
  options?: Omit<Options, 'bucket'> & Responds<Respond>,
): UploadRoute<Middleware, Respond>
export function s3Upload<Respond extends boolean = true>(
  options: Options & Responds<Respond>,
): UploadRoute<Middleware, Respond>
export function s3Upload(bucket: string | Options, options?: Omit<Options, 'bucket'>): Middleware {
  const resolved = resolveOptions(bucket, options)
  const handle = createUploadRoute({ upload: uploadForm, options: resolved, hasNext: true })

  return async function s3Upload(ctx, next) {
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
  }
}
