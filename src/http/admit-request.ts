import type { Limits } from '../shared/limits.ts'
import type { IncomingRequest } from '../shared/types.ts'
import {
  abortedByClient,
  bodyAlreadyRead,
  declaredTooLarge,
  methodNotAllowed,
  missingBoundary,
  notMultipart,
  unsupportedContentEncoding,
} from '../shared/upload-errors.ts'

const METHODS = ['POST', 'PUT', 'PATCH']

/** Whether requests of this method carry uploads. */
export function isUploadMethod(method: string | undefined): boolean {
  return method !== undefined && METHODS.includes(method)
}

export function refuseMethod(method: string | undefined): never {
  throw methodNotAllowed(method, METHODS)
}

/**
 * What can be known before a byte is read. Throws an `UploadError`.
 *
 * @param unreadable as `whyUnreadable` has it
 */
export function checkRequest(request: IncomingRequest, unreadable: string | undefined, limits: Limits): void {
  // First what concerns the client: a body parser may well have read what is no form.
  checkContentType(request.headers['content-type'])
  claimRequest(request, unreadable)
  checkContentEncoding(request.headers['content-encoding'])
  checkDeclaredLength(declaredLength(request), limits)
}

/** The length of the whole form, framing included, if the request declares it. */
export function declaredLength({ headers }: IncomingRequest): number | undefined {
  const length = headers['content-length']
  return length !== undefined && /^\d+$/.test(length) ? Number(length) : undefined
}

const uploading = new WeakSet<IncomingRequest>()

/** Takes a request for one upload. Throws `BODY_ALREADY_READ` where somebody else has it or had it. */
function claimRequest(request: IncomingRequest, unreadable: string | undefined): void {
  if (request.destroyed && !request.readableDidRead) throw abortedByClient()
  if (unreadable) throw bodyAlreadyRead(unreadable)
  uploading.add(request)
}

/** Whether the body is somebody else's, or no longer there. */
export function whyUnreadable(request: IncomingRequest): string | undefined {
  if (uploading.has(request)) return 'This request is already being uploaded.'
  if (request.readableDidRead || request.readableEnded) return 'The request body has already been read.'
  if (request.readableFlowing || request.listenerCount('readable') > 0)
    return 'The request body is already being read.'
  if (request.readableEncoding) return 'The request body is decoded to strings (setEncoding).'
  return undefined
}

function checkContentType(contentType = ''): void {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'multipart/form-data') throw notMultipart(type)
  if (!/;\s*boundary=("[^"]|[^\s";])/i.test(contentType)) throw missingBoundary()
}

function checkContentEncoding(encoding = 'identity'): void {
  if (encoding !== 'identity') throw unsupportedContentEncoding(encoding)
}

function checkDeclaredLength(length: number | undefined, limits: Limits): void {
  if (length !== undefined && length > limits.maxRequestSize) throw declaredTooLarge(length, limits)
}
