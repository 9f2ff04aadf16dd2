import { UploadError } from './errors.ts'
import { formatSize, KiB } from './sizes.ts'
import type { IncomingRequest } from './types.ts'

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
  maxFields: number
  maxFieldSize: number
  maxParts: number
}

/** What can be known before a byte is read. Throws an `UploadError`. */
export function checkRequest(request: IncomingRequest, limits: FormLimits): void {
  checkContentType(request.headers['content-type'])
  checkContentEncoding(request.headers['content-encoding'])
  checkDeclaredLength(declaredLength(request), limits)
}

/** The length of the whole form, framing included, if the request declares it. */
export function declaredLength({ headers }: IncomingRequest): number | undefined {
  const length = headers['content-length']
  return length === undefined ? undefined : Number(length)
}

const uploading = new WeakSet<IncomingRequest>()

/** Takes a request for one upload. Throws `BODY_ALREADY_READ` where somebody else has it or had it. */
export function claimRequest(request: IncomingRequest): void {
  const cause = whyUnreadable(request)
  if (cause) {
    throw new UploadError(
      'BODY_ALREADY_READ',
      `${cause} The upload must be the first to read the request: mount it before body parsers and other upload middleware.`,
      { expose: true },
    )
  }
  uploading.add(request)
}

function whyUnreadable(request: IncomingRequest): string | undefined {
  if (uploading.has(request)) return 'This request is already being uploaded.'
  if (request.readableDidRead || request.readableEnded) return 'The request body has already been read.'
  if (request.readableFlowing) return 'The request body is already being read.'
  if (request.readableEncoding) return 'The request body has been set to arrive as text (setEncoding).'
  if (request.destroyed) return 'The request has already been destroyed.'
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

/** The head of a part: the parser refuses a larger one. The boundary (RFC 2046: 70 characters) comes on top. */
const PART_HEAD = 16 * KiB + 80

function checkDeclaredLength(length: number | undefined, limits: FormLimits): void {
  const { maxFileSize, maxFiles, maxTotalSize, maxFields, maxFieldSize, maxParts } = limits
  const largest = maxTotalSize + maxFields * maxFieldSize + (maxParts + 1) * PART_HEAD
  if (length === undefined || length <= largest) return
  throw new UploadError(
    'REQUEST_TOO_LARGE',
    `The request has ${formatSize(length)}; this takes at most ${maxFiles} files of ${formatSize(maxFileSize)}, ` +
      `${formatSize(maxTotalSize)} together.`,
    { limit: maxTotalSize },
  )
}
