import type { Request, RequestHandler } from 'express'
import { writeResponse } from '../src/http/node-response.ts'
import type { Responds, UploadRoute } from '../src/http/route-types.ts'
import { createUploadRoute } from '../src/http/upload-route.ts'
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
 * Makes middleware for Express 4 and 5 that streams every file of a multipart form to S3. It responds with 201 and the
 * result, or with problem details. With `respond: false` it sets `req.upload` and calls `next()`, or `next(error)`.
 * Requests other than POST, PUT and PATCH continue unchanged.
 *
 * @example app.post('/upload', s3Upload('my-bucket'))
 * @throws TypeError for invalid options
 */
export function s3Upload<Respond extends boolean = true>(
  bucket: string,
  options?: Omit<Options, 'bucket'> & Responds<Respond>,
): UploadRoute<RequestHandler, Respond>
export function s3Upload<Respond extends boolean = true>(
  options: Options & Responds<Respond>,
): UploadRoute<RequestHandler, Respond>
export function s3Upload(bucket: string | Options, options?: Omit<Options, 'bucket'>): RequestHandler {
  const resolved = resolveOptions(bucket, options)
  const handle = createUploadRoute({ upload: uploadForm, options: resolved, hasNext: true })

  return async function s3Upload(request, response, next) {
    const outcome = await handle({ request, response })
    if (outcome.action === 'respond') writeResponse(response, outcome.response)
    if (outcome.action === 'fail') {
      releaseDefaultHandler(request, outcome.drained)
      next(outcome.error)
    }
    if (outcome.action === 'next') {
      if (outcome.result) request.upload = outcome.result
      next()
    }
  }
}

/**
 * Express's default error handler responds when on-finished says that the request has ended. The client of a refused upload
 * may send slowly, or nothing more, and would get no response. on-finished waits for 'end' or 'finish'. Only writable
 * streams emit 'finish', so no other code expects it from a request.
 */
function releaseDefaultHandler(request: Request, drained: Promise<void> | undefined): void {
  if (drained === undefined) return
  const release = () => void request.emit('finish')
  function onListener(event: string | symbol) {
    // The handler first resumes the request.
    if (event === 'finish') process.nextTick(release)
  }
  request.on('newListener', onListener)
  drained.then(() => request.off('newListener', onListener)).then(release)
}
