import { STATUS_CODES } from 'node:http'
import { type FieldIssue, UploadError, type UploadErrorDetails } from './errors.ts'
import { escapeText } from './escape-text.ts'
import type { Limits } from './limits.ts'
import { describe, formatSize } from './sizes.ts'
import { describeThrown, isError } from './thrown.ts'
import type { IncomingFile } from './types.ts'

// Every error that this library gives to a client or an application, in the order of an upload. What a client or an
// application has written is escaped in messages; `field` and `filename` stay as they are, because JSON escapes them.

/** 405. */
export function methodNotAllowed(method: string | undefined, allowed: readonly string[]): UploadError {
  return new UploadError(
    'METHOD_NOT_ALLOWED',
    `Method ${escapeText(`${method}`)} is not allowed. Send the form with ${allowed.join(', ')}.`,
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
  const problem = type
    ? `The request has Content-Type ${escapeText(type)}.`
    : 'The request has no Content-Type.'
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
    `The request has Content-Encoding ${escapeText(encoding)}. Send it without compression.`,
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
  return new UploadError('REQUEST_TOO_LARGE', `The request is larger than ${formatSize(limit)}.`, {
    limit,
  })
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

/** 408: other uploads need the memory that this one holds. */
export function clientTooSlow(rate: number, limit: number, milliseconds: number): UploadError {
  const seconds = Math.round(milliseconds / 100) / 10
  return new UploadError(
    'CLIENT_TOO_SLOW',
    `Data arrived at ${formatSize(Math.round(rate))}/s for ${seconds} seconds while other uploads waited for memory. ` +
      `The limit is ${formatSize(limit)}/s. Send the form again over a faster connection.`,
    { limit },
  )
}

/** 400. The reason is a whole sentence. */
export function malformedForm(reason: string, cause?: unknown): UploadError {
  return new UploadError('MALFORMED_BODY', `The form cannot be parsed. ${escapeText(reason)}`, { cause })
}

/** 400: a form of a form part. */
export function nestedForm(field: string): UploadError {
  return new UploadError(
    'MALFORMED_BODY',
    `Field "${escapeText(field)}" contains a nested multipart message. Send each file as a form part of its own.`,
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
    `A form part has Content-Transfer-Encoding ${escapeText(encoding)}. Send its bytes unencoded.`,
    { allowed: ['binary'] },
  )
}

/** 415. */
export function undecodableField(field: string, charset = 'UTF-8'): UploadError {
  return new UploadError(
    'UNSUPPORTED_ENCODING',
    `The value of field "${escapeText(field)}" is not valid ${escapeText(charset)}. Send UTF-8, or declare its charset.`,
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
    `A field name is longer than ${formatSize(limit)}: "${escapeText(name.slice(0, 50))}…".`,
    { limit },
  )
}

/** 413. */
export function tooManyFields(limit: number): UploadError {
  return new UploadError('TOO_MANY_FIELDS', `The form has more than ${limit} fields.`, { limit })
}

/** 413. */
export function fieldTooLarge(field: string, limit: number): UploadError {
  return new UploadError(
    'FIELD_TOO_LARGE',
    `Field "${escapeText(field)}" is larger than ${formatSize(limit)}.`,
    {
      field,
      limit,
    },
  )
}

/** 413. */
export function fieldsTooLarge(field: string, limit: number): UploadError {
  return new UploadError(
    'FIELDS_TOO_LARGE',
    `The names and values of the fields are larger than ${formatSize(limit)} in total.`,
    { field, limit },
  )
}

/** 400 with `fieldsFirst`. */
export function fieldAfterFile(field: string): UploadError {
  return new UploadError(
    'FIELD_AFTER_FILE',
    `Field "${escapeText(field)}" comes after a file. Send every field before the first file.`,
    { field },
  )
}

/** 422: the schema of the application refused the fields. */
export function invalidFields(issues: readonly FieldIssue[]): UploadError {
  const [{ path, message } = { path: [], message: '' }] = issues
  const others = issues.length > 1 ? ` There are ${issues.length - 1} more.` : ''
  const place = path.length > 0 ? `${escapeText(path.join('.'))}: ` : ''
  return new UploadError(
    'INVALID_FIELDS',
    `The fields are invalid. ${place}${escapeText(message)}${others}`,
    {
      ...(path.length > 0 && { field: `${path[0]}` }),
      issues,
    },
  )
}

/** 413. */
export function tooManyFiles(file: IncomingFile, limit: number): UploadError {
  return new UploadError('TOO_MANY_FILES', `The form has more than ${limit} files.`, {
    ...placeOf(file),
    limit,
  })
}

/** 413: for one field. */
export function tooManyFilesInField(file: IncomingFile, limit: number): UploadError {
  return new UploadError(
    'TOO_MANY_FILES',
    `Field "${escapeText(file.field)}" has more than ${countOf(limit)}.`,
    { ...placeOf(file), limit },
  )
}

/** 400: a file in a field that `files` does not have. */
export function unexpectedFile(file: IncomingFile, allowed: readonly string[]): UploadError {
  const names = allowed.map(name => `"${escapeText(name)}"`).join(', ')
  return new UploadError(
    'UNEXPECTED_FILE',
    `Field "${escapeText(file.field)}" accepts no files. ${names === '' ? 'No field does' : `Fields for files: ${names}`}.`,
    { ...placeOf(file), allowed },
  )
}

/** 400: a field without the files that it must have. */
export function missingFile(field: string, limit: number): UploadError {
  return new UploadError(
    'MISSING_FILE',
    `Field "${escapeText(field)}" has no file. Send at least ${countOf(limit)}.`,
    { field, limit },
  )
}

/** 400. */
export function tooFewFiles(field: string, count: number, limit: number): UploadError {
  return new UploadError(
    'TOO_FEW_FILES',
    `Field "${escapeText(field)}" has ${countOf(count)}. Send at least ${limit}.`,
    { field, limit },
  )
}

/** 400 with `allowEmpty: false`. */
export function emptyFile(file: IncomingFile): UploadError {
  return new UploadError('EMPTY_FILE', `${nameOf(file)} is empty.`, placeOf(file))
}

/** 400. */
export function fileTooSmall(file: IncomingFile, size: number, limit: number): UploadError {
  return new UploadError(
    'FILE_TOO_SMALL',
    `${nameOf(file)} has ${formatSize(size)}. The minimum is ${formatSize(limit)}.`,
    { ...placeOf(file), limit },
  )
}

/** Why the type of a file is not accepted. */
export type TypeProblem = 'something else' | 'unknown' | 'not accepted'

/**
 * 415 for one file.
 *
 * @param type by its bytes; undefined if they do not tell
 */
export function typeNotAccepted(
  file: IncomingFile,
  type: string | undefined,
  problem: TypeProblem,
  allowed: readonly string[],
): UploadError {
  return new UploadError(
    'TYPE_NOT_ACCEPTED',
    `${nameOf(file)} ${describeType(file, type, problem)}. Accepted types: ${allowed.join(', ')}.`,
    { ...placeOf(file), allowed },
  )
}

function describeType(
  { contentType, type: claim }: IncomingFile,
  type: string | undefined,
  problem: TypeProblem,
): string {
  const declared = contentType === undefined ? 'no type' : escapeText(claim)
  if (type === undefined) return `is of an unknown type: its bytes match none, and it declares ${declared}`
  if (problem === 'something else')
    return `is something else: its bytes are ${escapeText(type)}, and it declares ${declared}`
  return `is ${escapeText(type)}, which is not accepted`
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
  return new UploadError(
    'INVALID_KEY',
    `The key for field "${escapeText(file.field)}" ${escapeText(problem)}.`,
    placeOf(file),
  )
}

/** 409: S3 would keep the one that is committed last. */
export function duplicateKey(file: IncomingFile, key: string): UploadError {
  return new UploadError(
    'DUPLICATE_KEY',
    `Two files of this form have the same key, "${escapeText(key)}".`,
    placeOf(file),
  )
}

/** 409 with `ifExists: 'fail'`. */
export function alreadyExists(cause?: unknown): UploadError {
  return new UploadError('ALREADY_EXISTS', 'An object with this key already exists.', { cause })
}

/** 422: a hook of the application threw this error. */
export function refused(cause: Error): UploadError {
  return new UploadError('REFUSED', escapeText(`${cause.message}`), { cause })
}

/** The hooks that can fail an upload. `options` is the function that returns the options of a request. */
export type HookName =
  | 'options'
  | 'fields'
  | 'onFile'
  | 'key'
  | 'params'
  | 'validate'
  | 'onProgress'
  | 'onStored'

/** The same error for one upload: a hook threw a frozen one, and each upload adds its `leftovers`. */
export function copyOf(error: UploadError): UploadError {
  return new UploadError(error.code, error.message, Object.assign({}, error, { cause: error }))
}

/** A 4xx of its own: a hook threw an object with this status that is no proper error. */
export function hookRefused(status: number, cause: unknown): Error {
  const { message, expose = true } = Object(cause) as { message?: unknown; expose?: unknown }
  const shown = typeof message === 'string' ? message : STATUS_CODES[status]
  return Object.assign(new Error(shown, { cause }), { status, statusCode: status, expose: expose === true })
}

/** 500: a hook failed. With its own status or headers, the framework would show the error to the client. */
export function hookFailed(hook: HookName, cause: unknown): UploadError {
  return hookFault(`${hook} failed: ${describeThrown(cause)}`, cause)
}

/** 500: a hook threw a value that is no error, or an error with a getter that throws. */
export function hookThrewNoError(hook: HookName, thrown: unknown): UploadError {
  return hookFault(`${hook} threw ${describeNoError(thrown)}`)
}

function describeNoError(thrown: unknown): string {
  if (thrown === null || thrown === undefined) return `${thrown}, not an Error.`
  const shown = describe(thrown)
  if (isError(thrown)) return `an error with a property that cannot be read: ${shown}`
  return `${typeof thrown === 'object' ? 'an object' : `a ${typeof thrown}`}, not an Error: ${shown}`
}

/** 500: a hook threw an error with a header that no response can have. */
export function hookHasInvalidHeader(hook: HookName, header: string, cause: unknown): UploadError {
  return hookFault(
    `${hook} threw an error whose header "${escapeText(header)}" is invalid: ${describeThrown(cause)}`,
    cause,
  )
}

/** 500: a hook has not settled in time. */
export function hookTimedOut(hook: HookName, milliseconds: number): UploadError {
  return new UploadError(
    'HOOK_FAILED',
    `${hook} did not finish within ${milliseconds} ms. Limit the time of what it waits for, or raise hookTimeout.`,
    { limit: milliseconds },
  )
}

function hookFault(message: string, cause?: unknown): UploadError {
  return new UploadError('HOOK_FAILED', message, cause === undefined ? {} : { cause })
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
  return new UploadError(
    'STORAGE_FAILED',
    `${operation} for ${objectOf(name)} failed: ${escapeText(reason)}`,
    {
      cause,
    },
  )
}

/** 502: the user's client fails before it sends a request. */
export function clientFailed(reason: string, cause: unknown): UploadError {
  return new UploadError('STORAGE_FAILED', `The S3 client cannot be used: ${escapeText(reason)}`, { cause })
}

/** 502: `import('@aws-sdk/client-s3')` failed. */
export function sdkNotLoaded(cause: unknown): UploadError {
  const { code, message } = Object(cause) as { code?: unknown; message?: unknown }
  const isMissing = /^(ERR_)?MODULE_NOT_FOUND$/.test(String(code)) && /client-s3/.test(String(message))
  const reason = isMissing
    ? 'it is not installed. Run npm install @aws-sdk/client-s3.'
    : `${String(message).split('\n', 1)[0]}`
  return new UploadError('STORAGE_FAILED', `@aws-sdk/client-s3 cannot be loaded: ${reason}`, { cause })
}

/** 504: a setting of the user's client is a function that does not settle. */
export function clientSilent(milliseconds: number): UploadError {
  return new UploadError(
    'STORAGE_TIMEOUT',
    `The settings of the S3 client, such as its endpoint, were not available within ${milliseconds} ms.`,
  )
}

/** 503: S3 found another request for the same key (`ifExists: 'fail'` only). */
export function storageConflict(cause: unknown): UploadError {
  return new UploadError(
    'STORAGE_CONFLICT',
    'S3 found a conflicting request for the same key. Send the form again.',
    { cause, expose: true, headers: { 'Retry-After': '1' } },
  )
}

/** 502: S3 responded with success, but did not say which object it has stored. */
export function notConfirmed(operation: string, name: ObjectName): UploadError {
  return new UploadError(
    'STORAGE_FAILED',
    `The response to ${operation} for ${objectOf(name)} has no ETag, and HeadObject does not show the object.`,
  )
}

/** 502: a response without the member that the rest of the upload needs. */
export function incompleteResponse(operation: string, name: ObjectName, member: string): UploadError {
  return new UploadError(
    'STORAGE_FAILED',
    `The response to ${operation} for ${objectOf(name)} has no ${member}. Check the endpoint, and proxies on the way to it.`,
  )
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
  return new UploadError('STORAGE_FAILED', `The uploader failed: ${escapeText(reason)}`, { cause })
}

/** 504: the application's uploader shows no sign of progress. */
export function uploaderSilent(method: string, milliseconds: number): UploadError {
  return new UploadError(
    'STORAGE_TIMEOUT',
    `${method}() of the uploader showed no progress for ${milliseconds} ms.`,
  )
}

function objectOf({ Bucket = '', Key }: ObjectName): string {
  return Key === undefined
    ? `bucket "${escapeText(Bucket)}"`
    : `"${escapeText(Key)}" in bucket "${escapeText(Bucket)}"`
}

function countOf(files: number): string {
  return files === 1 ? '1 file' : `${files} files`
}

function placeOf({ field, filename }: IncomingFile): UploadErrorDetails {
  return { field, filename }
}

function nameOf({ field, filename }: IncomingFile): string {
  return filename === '' ? `The file of field "${escapeText(field)}"` : escapeText(filename)
}
