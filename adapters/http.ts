import type { IncomingMessage, ServerResponse } from 'node:http'
import { writeResponse } from '../src/http/node-response.ts'
import type { UploadRoute } from '../src/http/route-types.ts'
import { createUploadRoute } from '../src/http/upload-route.ts'
import type { StreamToS3Options } from '../src/options/options.ts'
import { resolveOptions } from '../src/options/resolve-options.ts'
import type { UploadContext, UploadResult } from '../src/shared/types.ts'
import { uploadForm } from '../src/upload/stream-to-s3.ts'

export { UploadError } from '../src/shared/errors.ts'
export type { StreamToS3Options, UploadResult, UploadRoute }

export interface HttpUploadContext extends UploadContext {
  request: IncomingMessage
}

type Options = StreamToS3Options<HttpUploadContext>
type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>

/**
 * Makes a handler for `node:http` that streams every file of a multipart form to S3. It responds with 201 and the
 * result, or with problem details; requests other than POST, PUT and PATCH get 405. It never rejects. To write the
 * response yourself, call `streamToS3(request, options)`.
 *
 * @example http.createServer(s3Upload('my-bucket')).listen(3000)
 * @throws TypeError for invalid options
 */
export function s3Upload(bucket: string, options?: Omit<Options, 'bucket'>): UploadRoute<Handler>
export function s3Upload(options: Options): UploadRoute<Handler>
export function s3Upload(bucket: string | Options, options?: Omit<Options, 'bucket'>): Handler {
  const resolved = resolveOptions(bucket, options)
  const handle = createUploadRoute({ upload: uploadForm, options: resolved, hasNext: false })

  return async function s3Upload(request, response) {
    const outcome = await handle({ request, response })
    if (outcome.action === 'respond') writeResponse(response, outcome.response)
  }
}
