import type { Request, RequestHandler } from 'express'
import type { Framework } from '../src/http/adapter-types.ts'
import { writeResponse } from '../src/http/node-response.ts'
import type { UploadOf, UploadRoute } from '../src/http/route-types.ts'
import type { S3UploadOptions } from '../src/options/options.ts'
import type { StoredUpload, UploadContext, UploadResult } from '../src/shared/types.ts'
import { createAdapter } from '../src/upload/create-adapter.ts'

export { UploadError } from '../src/shared/errors.ts'
export type { S3UploadOptions, StoredUpload, UploadOf, UploadResult, UploadRoute }

declare global {
  namespace Express {
    interface Request {
      /** Set by `s3Upload` with `respond: false`. */
      upload?: StoredUpload
    }
  }
}

export interface ExpressUploadContext extends UploadContext {
  request: Request
}

interface Express extends Framework {
  context: ExpressUploadContext
  handler: RequestHandler
}

/**
 * Makes middleware for Express 4 and 5 that streams every file of a multipart form to S3. It responds with 201 and the
 * result, or with problem details. With `respond: false` it sets `req.upload` and calls `next()`, or `next(error)`.
 * Requests other than POST, PUT and PATCH continue unchanged.
 *
 * @example app.post('/upload', s3Upload('my-bucket'))
 * @throws TypeError for invalid options
 */
export const s3Upload = createAdapter<Express>({
  hasNext: true,
  createHandler: handle =>
    async function s3Upload(request, response, next) {
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
    },
})

/**
 * Returns `request.upload` with the types of its route: the names of its file fields, and the output of its schema.
 *
 * @throws TypeError if the route did not store this request, or responds itself
 */
export function uploadOf<Route>(request: Request, route: Route): UploadOf<Route> {
  if (typeof route !== 'function') throw new TypeError('Pass the route that s3Upload() returned.')
  if (request.upload) return request.upload as unknown as UploadOf<Route>
  throw new TypeError('request.upload is not set. Use s3Upload() with respond: false before this handler.')
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
