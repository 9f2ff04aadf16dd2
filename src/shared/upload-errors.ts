import { UploadError, type UploadErrorDetails } from './errors.ts'
import type { Limits } from './limits.ts'
import { formatSize } from './sizes.ts'
import type { IncomingFile } from './types.ts'

// Every error that this library gives to a client or an application, in the order of an upload.

/** 405. */
export function methodNotAllowed(method: string | undefined, allowed: readonly string[]): UploadError {
  return new UploadError(
    'METHOD_NOT_ALLOWED',
    `Method ${method} is not allowed. Send the form with ${allowed.join(', ')}.`,
    { allowed, headers: { Allow: allowed.join(', ') } },
  )
}

/** 500: a mistake of the application, which its developer sees best in the response. */
export function bodyAlreadyRead(reason: string): UploadError {
  return new UploadError(
    'BODY_ALREADY_READ',
    `${reason} Mount the upload before body parsers and other upload middleware.`,
    { expose: true },
  )
}

/** 415 for the whole request. */
export function notMultipart(type: string | undefined): UploadError {
  const problem = type ? `The request has Content-Type ${type}.` : 'The request has no Content-Type.'
  return new UploadError('NOT_MULTIPART', `${problem} Send the form as multipart/form-data.`, {
    allowed: ['multipart/form-data'],
    headers: { Accept: 'multipart/form-data' },
  })
}

/** 400. */
export function missingBoundary(): UploadError {
  return new UploadError(
    'MISSING_BOUNDARY',
    'The Content-Type header has no boundary. Do not set this header yourself: the HTTP client sets it.',
  )
}

/** 400. */
export function boundaryTooLong(length: number, limit: number): UploadError {
  return new UploadError(
    'MISSING_BOUNDARY',
    `The boundary in the Content-Type header has ${length} bytes; the limit is ${limit}.`,
    { limit },
  )
}

/** 415: the request is compressed. */
export function unsupportedContentEncoding(encoding: string): UploadError {
  return new UploadError(
    'UNSUPPORTED_ENCODING',
    `The request has Content-Encoding ${encoding}. Send it without compression.`,
    { allowed: ['identity'], headers: { 'Accept-Encoding': 'identity' } },
  )
}

/** 413, from the Content-Length. */
export function declaredTooLarge(length: number, limits: Limits): UploadError {
  const { maxFileSize, maxFiles, maxTotalSize } = limits
  return new UploadError(
    'REQUEST_TOO_LARGE',
    `The request has ${formatSize(length)}. The limit is ${maxFiles} files of ${formatSize(maxFileSize)} each, ` +
      `${formatSize(maxTotalSize)} in total.`,
    { limit: maxTotalSize },
  )
}

/** 413, from the bytes received. */
export function requestTooLarge(limit: number): UploadError {
  return new UploadError('REQUEST_TOO_LARGE', `The request is larger than ${formatSize(limit)}.`, { limit })
}

/** 400: more bytes than the Content-Length. Node does not let this happen; other streams can. */
export function longerThanDeclared(file: IncomingFile): UploadError {
  return new UploadError('MALFORMED_BODY', 'The request is longer than its Content-Length.', placeOf(file))
}

/** 408. */
export function clientStalled(milliseconds: number): UploadError {
  const limit = Math.round(milliseconds)
  return new UploadError('CLIENT_STALLED', `No data received for ${limit / 1000} seconds.`, { limit })
}

/** 400. The reason is a whole sentence. */
export function malformedForm(reason: string, cause?: unknown): UploadError {
  return new UploadError('MALFORMED_BODY', `The form cannot be parsed. ${reason}`, { cause })
}

/** 400: a form of a form part. */
export function nestedForm(field: string): UploadError {
  return new UploadError(
    'MALFORMED_BODY',
    `Field "${field}" contains a nested multipart message. Send each file as a form part of its own.`,
    { field },
  )
}

/** 400. The reason is a whole sentence. */
export function truncatedForm(reason = ''): UploadError {
  return new UploadError('TRUNCATED_BODY', `The form ended before its closing boundary. ${reason}`.trimEnd())
}

/** 413. */
export function tooManyParts(limit: number): UploadError {
  return new UploadError('TOO_MANY_PARTS', `The form has more than ${limit} parts.`, { limit })
}

/** 415: the bytes of this form part are encoded (RFC 7578, 4.7). */
export function unsupportedTransferEncoding(encoding: string): UploadError {
  return new UploadError(
    'UNSUPPORTED_ENCODING',
    `A form part has Content-Transfer-Encoding ${encoding}. Send its bytes unencoded.`,
    { allowed: ['binary'] },
  )
}

/** 415. */
export function undecodableField(field: string, charset = 'UTF-8'): UploadError {
  return new UploadError(
    'UNSUPPORTED_ENCODING',
    `The value of field "${field}" is not valid ${charset}. Send UTF-8, or declare its charset.`,
    { field, allowed: ['utf-8'] },
  )
}

/** 415: a name that cannot be shown, so the error does not contain it. */
export function undecodableName(): UploadError {
  return new UploadError('UNSUPPORTED_ENCODING', 'A field name is not valid UTF-8. Send the form in UTF-8.', {
    allowed: ['utf-8'],
  })
}

/** 413. */
export function fieldNameTooLong(name: string, limit: number): UploadError {
  return new UploadError(
    'FIELD_NAME_TOO_LONG',
    `A field name is longer than ${formatSize(limit)}: "${name.slice(0, 50)}…".`,
    { limit },
  )
}

/** 413. */
export function tooManyFields(limit: number): UploadError {
  return new UploadError('TOO_MANY_FIELDS', `The form has more than ${limit} fields.`, { limit })
}

/** 413. */
export function fieldTooLarge(field: string, limit: number): UploadError {
  return new UploadError('FIELD_TOO_LARGE', `Field "${field}" is larger than ${formatSize(limit)}.`, {
    field,
    limit,
  })
}

/** 413. */
export function tooManyFiles(file: IncomingFile, limit: number): UploadError {
  return new UploadError('TOO_MANY_FILES', `The form has more than ${limit} files.`, {
    ...placeOf(file),
    limit,
  })
}

/** 415 for one file. */
export function typeNotAccepted(file: IncomingFile, allowed: readonly string[]): UploadError {
  const problem = file.contentType === undefined ? 'declares no type' : `has type ${file.type}`
  return new UploadError(
    'TYPE_NOT_ACCEPTED',
    `${nameOf(file)} ${problem}. Accepted types: ${allowed.join(', ')}.`,
    { ...placeOf(file), allowed },
  )
}

/** 413. */
export function fileTooLarge(file: IncomingFile, limit: number): UploadError {
  return new UploadError('FILE_TOO_LARGE', `${nameOf(file)} is larger than ${formatSize(limit)}.`, {
    ...placeOf(file),
    limit,
  })
}

/** 413. */
export function totalTooLarge(file: IncomingFile, limit: number): UploadError {
  return new UploadError(
    'TOTAL_TOO_LARGE',
    `The files of this form are larger than ${formatSize(limit)} in total.`,
    { ...placeOf(file), limit },
  )
}

/** 500: what the application's `key` returned. */
export function invalidKey(file: IncomingFile, problem: string): UploadError {
  return new UploadError('INVALID_KEY', `The key for field "${file.field}" ${problem}.`, placeOf(file))
}

/** 409: S3 would keep the one that is committed last. */
export function duplicateKey(file: IncomingFile, key: string): UploadError {
  return new UploadError(
    'DUPLICATE_KEY',
    `Two files of this form have the same key, "${key}".`,
    placeOf(file),
  )
}

/** 409 with `ifExists: 'fail'`. */
export function alreadyExists(cause?: unknown): UploadError {
  return new UploadError('ALREADY_EXISTS', 'An object with this key already exists.', { cause })
}

/** 422: the application's `validate` threw this error. */
export function refused(cause: Error): UploadError {
  return new UploadError('REFUSED', cause.message, { cause })
}

/** 499: the response reaches no one. */
export function abortedByClient(cause?: unknown): UploadError {
  return new UploadError('ABORTED', 'The client disconnected before it received the response.', { cause })
}

/** 500, for logs: the client has already received another response. */
export function alreadyAnswered(): UploadError {
  return new UploadError(
    'ALREADY_ANSWERED',
    'Other code, such as a timeout, responded to this request before the upload ended. Nothing is stored.',
  )
}

/** 503. */
export function cancelled(cause: unknown): UploadError {
  return new UploadError('CANCELLED', 'The server cancelled this upload. Try again later.', {
    cause,
    expose: true,
  })
}

/** Bucket and key that an S3 request names, as the SDK spells them. */
export interface ObjectName {
  Bucket?: string | undefined
  Key?: string | undefined
}

/** 502. */
export function storageFailed(
  operation: string,
  name: ObjectName,
  reason: string,
  cause: unknown,
): UploadError {
  return new UploadError('STORAGE_FAILED', `${operation} for ${objectOf(name)} failed: ${reason}`, { cause })
}

/** 502: the user's client fails before it sends a request. */
export function clientFailed(reason: string, cause: unknown): UploadError {
  return new UploadError('STORAGE_FAILED', `The S3 client cannot be used: ${reason}`, { cause })
}

/** 502: the bytes confirmed by S3 are not the bytes received. */
export function sizeMismatch(name: ObjectName, stored: number, received: number): UploadError {
  return new UploadError(
    'STORAGE_FAILED',
    `S3 stored ${stored} bytes for ${objectOf(name)}, but the upload received ${received} bytes.`,
  )
}

/** 504: one request. */
export function storageTimedOut(
  operation: string,
  name: ObjectName,
  milliseconds: number,
  cause?: unknown,
): UploadError {
  return new UploadError(
    'STORAGE_TIMEOUT',
    `${operation} for ${objectOf(name)} did not finish within ${milliseconds} ms.`,
    { cause },
  )
}

/** 504: a request that could not be sent, because earlier ones did not finish. */
export function storageQueueTimedOut(milliseconds: number): UploadError {
  return new UploadError(
    'STORAGE_TIMEOUT',
    `A request to S3 waited ${milliseconds} ms for its turn: earlier requests did not finish.`,
  )
}

/** 502: the application's uploader breaks its contract. */
export function uploaderFailed(reason: string, cause?: unknown): UploadError {
  return new UploadError('STORAGE_FAILED', `The uploader failed: ${reason}`, { cause })
}

/** 504: the application's uploader shows no sign of progress. */
export function uploaderSilent(method: string, milliseconds: number): UploadError {
  return new UploadError(
    'STORAGE_TIMEOUT',
    `${method}() of the uploader showed no progress for ${milliseconds} ms.`,
  )
}

function objectOf({ Bucket = '', Key }: ObjectName): string {
  return Key === undefined ? `bucket "${Bucket}"` : `"${Key}" in bucket "${Bucket}"`
}

function placeOf({ field, filename }: IncomingFile): UploadErrorDetails {
  return { field, filename }
}

function nameOf({ field, filename }: IncomingFile): string {
  return filename === '' ? `The file of field "${field}"` : filename
}
