import type { Request, RequestHandler } from 'express'
import { isUploadMethod } from '../src/http/admit-request.ts'
import { sendContinue, writeAnswer } from '../src/http/node-response.ts'
import { answerError, answerResult, isAnswerable } from '../src/http/response.ts'
import type { Responds, UploadRoute } from '../src/http/upload-route.ts'
import type { S3UploadOptions } from '../src/options/options.ts'
import { resolveOptions } from '../src/options/resolve-options.ts'
import type { UploadContext, UploadResult } from '../src/shared/types.ts'
import { uploadForm } from '../src/upload/stream-to-s3.ts'

export { UploadError } from '../src/shared/errors.ts'
export type { S3UploadOptions, UploadResult, UploadRoute }

declare global {
  namespace Express {
    interface Request {
      /** Set by `s3Upload` with `respond: false`. */
      upload?: UploadResult
    }
  }
}

export interface ExpressUploadContext extends UploadContext {
  request: Request
}

type Options = S3UploadOptions<ExpressUploadContext>

/**
 * Express middleware that streams every file of a multipart form to S3, for Express 4 and 5. It answers: 201 with
 * the result, or problem details. With `respond: false` it sets `req.upload` and calls `next()`, or `next(error)`.
 * Requests other than POST, PUT and PATCH go on untouched.
 *
 * @example app.post('/upload', s3Upload('my-bucket'))
 * @throws TypeError for options that cannot be
 */
export function s3Upload<Respond extends boolean = true>(
  bucket: string,
  options?: Omit<Options, 'bucket'> & Responds<Respond>,
): UploadRoute<RequestHandler, Respond>
export function s3Upload<Respond extends boolean = true>(
  options: Options & Responds<Respond>,
): UploadRoute<RequestHandler, Respond>
export function s3Upload(bucket: string | Options, options?: Omit<Options, 'bucket'>): RequestHandler {
  const settings = resolveOptions(bucket, options)

  return async function s3Upload(request, response, next) {
    if (!isUploadMethod(request.method)) return next()
    let upload: UploadResult
    try {
      upload = await uploadForm(request, settings, { onAccepted: () => sendContinue(request, response) })
    } catch (error) {
      if (!settings.respond || !isAnswerable(error)) return next(error)
      return writeAnswer(request, response, answerError(error, settings))
    }
    if (settings.respond) return writeAnswer(request, response, answerResult(upload))
    request.upload = upload
    next()
  }
}
