import { Readable } from 'node:stream'
import { parseContentType } from '../form/content-type.ts'
import { unquote } from '../form/parameters.ts'
import type { UploadError } from '../shared/errors.ts'
import type { Limits } from '../shared/limits.ts'
import type { IncomingRequest } from '../shared/types.ts'
import {
  abortedByClient,
  bodyAlreadyRead,
  boundaryTooLong,
  declaredTooLarge,
  missingBoundary,
  notMultipart,
  unsupportedContentEncoding,
} from '../shared/upload-errors.ts'
import { requestError } from './check-request.ts'
import { isClosing } from './unread-request.ts'

/** RFC 2046 allows 70. Some clients send more, and the search for a boundary takes longer with each byte. */
const MAX_BOUNDARY_BYTES = 256

/** Everything that we learn about a request before we read its body. */
export interface Admission {
  /**
   * The reason to refuse the request: a `TypeError` if it is no request as Node makes them. Undefined if the upload may
   * read the body.
   */
  error: UploadError | TypeError | undefined
  /** True if no other code reads the body, so a failed upload may drain it. */
  ownsBody: boolean
  /** The stream of the form: the request, or what the platform has kept of it. */
  body: IncomingRequest
  /** The boundary of the form. Empty if the request has none, which is an error. */
  boundary: string
  /** Bytes of the whole form including its framing, if the request declares them. */
  declaredLength: number | undefined
}

/** Checks the headers and the state of a request, and claims its body for one upload. */
export function admitRequest(request: IncomingRequest, limits: Limits): Admission {
  const invalid = requestError(request)
  if (invalid)
    return { error: invalid, ownsBody: false, body: request, boundary: '', declaredLength: undefined }
  const { headers } = request
  const contentType = headers['content-type'] ?? ''
  const boundary = unquote(parseContentType(contentType)?.parameters.get('boundary')) ?? ''
  const body = keptBody(request) ?? request
  const conflict = bodyConflict(request, body)
  const declaredLength = parseLength(headers['content-length'])
  const error =
    // Mistakes of the client first: a body parser may well have read a request that is no form.
    contentTypeError(contentType, boundary) ??
    claimBody(request, conflict) ??
    contentEncodingError(headers['content-encoding']) ??
    lengthError(declaredLength, limits)
  return { error, ownsBody: conflict === undefined, body, boundary, declaredLength }
}

/** Requests that have been claimed by an upload. */
const claimed = new WeakSet<IncomingRequest>()

function claimBody(request: IncomingRequest, conflict: string | undefined): UploadError | undefined {
  if (request.destroyed && !request.readableDidRead) return abortedByClient()
  if (isClosing(request)) return abortedByClient()
  if (conflict !== undefined) return bodyAlreadyRead(conflict)
  claimed.add(request)
  holdBody(request)
  return undefined
}

/** Other code may have resumed the request, or counts its bytes. No chunk may pass before the upload listens. */
export function holdBody(request: IncomingRequest): void {
  if (request.readableFlowing) request.pause()
}

/** Cloud Functions read the body before the application, and keep it in this property. */
function keptBody(request: IncomingRequest): IncomingRequest | undefined {
  const { rawBody } = request as { rawBody?: unknown }
  if (!request.readableEnded || !Buffer.isBuffer(rawBody)) return undefined
  return Object.assign(Readable.from([rawBody], { objectMode: false }), { headers: request.headers })
}

/** Returns the reason why the body cannot be read, as a sentence, or undefined. */
function bodyConflict(request: IncomingRequest, body: IncomingRequest): string | undefined {
  if (claimed.has(request)) return 'This request is already being uploaded.'
  if (body.readableDidRead || body.readableEnded) return 'The request body has already been read.'
  if (body.listenerCount('readable') > 0) return 'The request body is already being read.'
  if (body.readableEncoding) return 'The request body is decoded to strings (setEncoding).'
  return undefined
}

function contentTypeError(contentType: string, boundary: string): UploadError | undefined {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'multipart/form-data') return notMultipart(type)
  if (boundary === '') return missingBoundary()
  // Header strings have one character for each byte.
  if (boundary.length > MAX_BOUNDARY_BYTES) return boundaryTooLong(boundary.length, MAX_BOUNDARY_BYTES)
  return undefined
}

function contentEncodingError(encoding = 'identity'): UploadError | undefined {
  return encoding === 'identity' ? undefined : unsupportedContentEncoding(encoding)
}

function parseLength(contentLength: string | undefined): number | undefined {
  return contentLength !== undefined && /^\d+$/.test(contentLength) ? Number(contentLength) : undefined
}

function lengthError(length: number | undefined, limits: Limits): UploadError | undefined {
  return length !== undefined && length > limits.maxRequestSize ? declaredTooLarge(length, limits) : undefined
}
