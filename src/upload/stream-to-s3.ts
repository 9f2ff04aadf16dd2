import type { IncomingMessage, ServerResponse } from 'node:http'
import { requestError } from '../http/check-request.ts'
import { sendContinue } from '../http/expect-continue.ts'
import { addCloseHeader, closeAfterResponse } from '../http/unread-request.ts'
import { checkResponse, optional } from '../options/checks.ts'
import type { StreamToS3Options } from '../options/options.ts'
import { type ResolvedOptions, resolveOptions } from '../options/resolve-options.ts'
import type { Fields, IncomingRequest, StoredUpload, UploadContext } from '../shared/types.ts'
import { type UploadExtras, uploadForm } from './upload-form.ts'

export interface ResponseOption {
  /**
   * The response to the request, which you send. If the upload fails before the whole request has been read, the response
   * says `Connection: close` (HTTP/1 only), and ends when the rest has been read and dropped. If other code has ended the
   * response, such as a timeout, the upload fails with `ALREADY_ANSWERED` and stores nothing.
   * @default none: you do both yourself
   */
  response?: ServerResponse | undefined
}

/**
 * Streams every file of a multipart form to S3. Resolves when S3 has confirmed all of them. Otherwise it stores none and
 * rejects with an `UploadError`, or with the error that a hook threw. It then reads and drops the rest of the request for
 * a while, so that the client receives the response.
 *
 * Pass `response` if you send one. Without it, the caller must do two things:
 * - Send the `headers` of the error. They contain `Connection: close` if the request has an unread rest. On a connection
 *   that stays open, a proxy sends the next request behind these bytes
 *   (https://www.rfc-editor.org/rfc/rfc9112#section-9.3).
 * - Throw from `validate` if other code may have responded meanwhile.
 *
 * @throws TypeError at once, for invalid options, and if the request is no Node request (a readable stream with an object
 * of `headers`)
 */
export function streamToS3<Request extends IncomingRequest, Output = Fields, Name extends string = string>(
  request: Request,
  options: StreamToS3Options<UploadContext & { request: Request }, Output, Name> & ResponseOption,
): Promise<StoredUpload<Output, Name>>
export function streamToS3(
  request: IncomingRequest,
  options: StreamToS3Options & ResponseOption,
): Promise<StoredUpload> {
  const invalid = requestError(request)
  if (invalid) throw invalid
  if (!Object.hasOwn(Object(options), 'response'))
    return uploadFor(request, undefined, resolveOptions(options))
  const { response, ...rest } = options
  return uploadFor(request, optional(checkResponse)(response, 'response'), resolveOptions(rest))
}

async function uploadFor(
  request: IncomingRequest,
  response: ServerResponse | undefined,
  settings: ResolvedOptions,
): Promise<StoredUpload> {
  try {
    const { result } = await uploadForm(request, settings, response && extrasFor(request, response))
    return result
  } catch (error) {
    addCloseHeader(error, request)
    if (response) closeAfterResponse(request, response, settings)
    throw error
  }
}

function extrasFor(request: IncomingRequest, response: ServerResponse): UploadExtras {
  return {
    onAccepted: () => sendContinue(request as IncomingMessage, response),
    isAnswered: () => response.writableEnded,
    response,
  }
}
