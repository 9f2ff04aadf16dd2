import { abortedByClient, UploadError } from '../shared/errors.ts'
import { formatSize } from '../shared/sizes.ts'
import type { IncomingRequest } from '../shared/types.ts'

const METHODS = ['POST', 'PUT', 'PATCH']

/** Whether requests of this method carry uploads. */
export function isUploadMethod(method: string | undefined): boolean {
  return method !== undefined && METHODS.includes(method)
}

export function methodNotAllowed(): UploadError {
  return new UploadError('METHOD_NOT_ALLOWED', `Send the form by ${METHODS.join(', ')}.`, {
    allowed: METHODS,
    headers: { Allow: METHODS.join(', ') },
  })
}

export interface FormLimits {
  maxFileSize: number
  maxFiles: number
  maxTotalSize: number
  maxRequestSize: number
}

/**
 * What can be known before a byte is read. Throws an `UploadError`.
 *
 * @param unreadable as `whyUnreadable` has it
 */
export function checkRequest(
  request: IncomingRequest,
  unreadable: string | undefined,
  limits: FormLimits,
): void {
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
  if (unreadable) {
    throw new UploadError(
      'BODY_ALREADY_READ',
      `${unreadable} The upload must be the first to read the request: mount it before body parsers and other upload middleware.`,
      { expose: true },
    )
  }
  uploading.add(request)
}

/** Whether the body is somebody else's, or no longer there. */
export function whyUnreadable(request: IncomingRequest): string | undefined {
  if (uploading.has(request)) return 'This request is already being uploaded.'
  if (request.readableDidRead || request.readableEnded) return 'The request body has already been read.'
  if (request.readableFlowing || request.listenerCount('readable') > 0)
    return 'The request body is already being read.'
  if (request.readableEncoding) return 'The request body has been set to arrive as text (setEncoding).'
  return undefined
}

function checkContentType(contentType = ''): void {
  const type = contentType.split(';', 1)[0]?.trim().toLowerCase()
  if (type !== 'multipart/form-data') {
    throw new UploadError(
      'NOT_MULTIPART',
      `The request is ${type || 'without a Content-Type'}; send a form as multipart/form-data.`,
      { allowed: ['multipart/form-data'], headers: { Accept: 'multipart/form-data' } },
    )
  }
  if (!/;\s*boundary=("[^"]|[^\s";])/i.test(contentType)) {
    throw new UploadError(
      'MISSING_BOUNDARY',
      'The Content-Type header has no boundary. Let the client library set it: do not set this header by hand.',
    )
  }
}

function checkContentEncoding(encoding = 'identity'): void {
  if (encoding === 'identity') return
  throw new UploadError('UNSUPPORTED_ENCODING', `The request is encoded as ${encoding}; send it as it is.`, {
    allowed: ['identity'],
    headers: { 'Accept-Encoding': 'identity' },
  })
}

function checkDeclaredLength(length: number | undefined, limits: FormLimits): void {
  const { maxFileSize, maxFiles, maxTotalSize, maxRequestSize } = limits
  if (length === undefined || length <= maxRequestSize) return
  throw new UploadError(
    'REQUEST_TOO_LARGE',
    `The request has ${formatSize(length)}; this takes at most ${maxFiles} files of ${formatSize(maxFileSize)}, ` +
      `${formatSize(maxTotalSize)} together.`,
    { limit: maxTotalSize },
  )
}
