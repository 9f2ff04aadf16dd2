import type { IncomingMessage, ServerResponse } from 'node:http'
import { isUploadMethod, refuseMethod } from '../src/http/admit-request.ts'
import { sendContinue, writeAnswer } from '../src/http/node-response.ts'
import { answerError, answerResult } from '../src/http/response.ts'
import type { UploadRoute } from '../src/http/upload-route.ts'
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
 * A handler for `node:http` that streams every file of a multipart form to S3 and answers: 201 with the result,
 * or problem details; 405 for requests other than POST, PUT and PATCH. It never rejects. To answer by yourself,
 * call `streamToS3(request, options)`.
 *
 * @example http.createServer(s3Upload('my-bucket')).listen(3000)
 * @throws TypeError for options that cannot be
 */
export function s3Upload(bucket: string, options?: Omit<Options, 'bucket'>): UploadRoute<Handler>
export function s3Upload(options: Options): UploadRoute<Handler>
export function s3Upload(bucket: string | Options, options?: Omit<Options, 'bucket'>): Handler {
  const settings = resolveOptions(bucket, options)
  if (!settings.respond) {
    throw new TypeError('node:http has nobody to hand the result on to. Without respond, use streamToS3().')
  }

  return async function s3Upload(request, response) {
    try {
      if (!isUploadMethod(request.method)) refuseMethod(request.method)
      const onAccepted = () => sendContinue(request, response)
      const upload = await uploadForm(request, settings, { onAccepted })
      writeAnswer(request, response, answerResult(upload))
    } catch (error) {
      writeAnswer(request, response, answerError(error, settings))
    }
  }
}
