import { Readable } from 'node:stream'
import type { Context, Middleware } from 'koa'
import { isUploadMethod } from '../src/http/admit-request.ts'
import { sendContinue, unreadRest } from '../src/http/node-response.ts'
import { type Answer, answerError, answerResult, isAnswerable } from '../src/http/response.ts'
import type { Responds, UploadRoute } from '../src/http/upload-route.ts'
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
 * Koa middleware that streams every file of a multipart form to S3, for Koa 2 and 3. It answers: 201 with the
 * result, or problem details. With `respond: false` it sets `ctx.state.upload` and calls `next()`, or throws.
 * Requests other than POST, PUT and PATCH go on untouched.
 *
 * @example app.use(s3Upload('my-bucket'))
 * @throws TypeError for options that cannot be
 */
export function s3Upload<Respond extends boolean = true>(
  bucket: string,
  options?: Omit<Options, 'bucket'> & Responds<Respond>,
): UploadRoute<Middleware, Respond>
export function s3Upload<Respond extends boolean = true>(
  options: Options & Responds<Respond>,
): UploadRoute<Middleware, Respond>
export function s3Upload(bucket: string | Options, options?: Omit<Options, 'bucket'>): Middleware {
  const settings = resolveOptions(bucket, options)

  return async function s3Upload(ctx, next) {
    if (!isUploadMethod(ctx.method)) return next()
    let upload: UploadResult
    try {
      const onAccepted = () => sendContinue(ctx.req, ctx.res)
      upload = await uploadForm(ctx.req, settings, { context: { ctx }, onAccepted })
    } catch (error) {
      if (!settings.respond || !isAnswerable(error)) throw error
      return respond(ctx, answerError(error, settings))
    }
    if (settings.respond) return respond(ctx, answerResult(upload))
    ctx.state.upload = upload
    return next()
  }
}

function respond(ctx: Context, answer: Answer | undefined): void {
  if (answer === undefined) return
  ctx.status = answer.status
  ctx.set(answer.headers)
  ctx.body = answer.body
  const rest = unreadRest(ctx.req, ctx.res)
  if (rest === undefined) return
  if (ctx.req.httpVersionMajor < 2) ctx.set('Connection', 'close')
  ctx.body = Readable.from(bodyUntil(answer.body, rest))
  ctx.length = Buffer.byteLength(answer.body)
}

async function* bodyUntil(body: string, end: Promise<void>): AsyncGenerator<string> {
  yield body
  await end
}
