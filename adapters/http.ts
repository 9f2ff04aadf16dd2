import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Framework } from '../src/http/adapter-types.ts'
import { writeResponse } from '../src/http/node-response.ts'
import type { UploadRoute } from '../src/http/route-types.ts'
import type { StreamToS3Options } from '../src/options/options.ts'
import type { UploadContext, UploadResult } from '../src/shared/types.ts'
import { createAdapter } from '../src/upload/create-adapter.ts'

export { UploadError } from '../src/shared/errors.ts'
export type { StreamToS3Options, UploadResult, UploadRoute }

export interface HttpUploadContext extends UploadContext {
  request: IncomingMessage
}

interface Http extends Framework {
  context: HttpUploadContext
  handler: (request: IncomingMessage, response: ServerResponse) => Promise<void>
  respond: true
}

/**
 * Makes a handler for `node:http` that streams every file of a multipart form to S3. It responds with 201 and the
 * result, or with problem details; requests other than POST, PUT and PATCH get 405. It never rejects. To write the
 * response yourself, call `streamToS3(request, options)`.
 *
 * @example http.createServer(s3Upload('my-bucket')).listen(3000)
 * @throws TypeError for invalid options
 */
export const s3Upload = createAdapter<Http>({
  hasNext: false,
  createHandler: handle =>
    async function s3Upload(request, response) {
      const outcome = await handle({ request, response })
      if (outcome.action === 'respond') writeResponse(response, outcome.response)
    },
})
