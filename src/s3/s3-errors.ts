import { UploadError } from '../shared/errors.ts'
import { describe } from '../shared/sizes.ts'
import { isError } from '../shared/thrown.ts'
import { alreadyExists, type ObjectName, storageConflict, storageFailed } from '../shared/upload-errors.ts'
import { hintFor, withHint } from './hints.ts'

/** The members of an S3 request's input that an error needs. */
export interface RequestInput extends ObjectName {
  IfNoneMatch?: string | undefined
}

/** Returns the error of a request that failed with this error of the SDK. */
export function requestFailed(operation: string, input: RequestInput, cause: unknown): UploadError {
  if (input.IfNoneMatch !== undefined) {
    if (isPreconditionFailed(cause)) return alreadyExists(cause)
    if (isConflict(cause)) return storageConflict(cause)
  }
  return storageFailed(operation, input, reasonOf(cause, operation), cause)
}

/** Returns the output of the SDK. Throws for what only a mock or a middleware of the application can return. */
export function checkOutput<Output>(output: unknown): Output {
  if (typeof output === 'object' && output !== null) return output as Output
  throw new TypeError(
    `send() of the client resolved with ${describe(output)}, not with the output of the command.`,
  )
}

/**
 * Returns name, status and message of an SDK error, and what to set if the setup is wrong. Ceph's errors have no
 * message, socket errors have no status.
 */
export function reasonOf(cause: unknown, operation?: string): string {
  return withHint(summaryOf(cause), hintFor(cause, operation))
}

function summaryOf(cause: unknown): string {
  if (!isError(cause)) return `the client threw ${describe(cause)}, not an Error.`
  const { name, message } = cause
  const status = statusOf(cause) ? ` (${statusOf(cause)})` : ''
  return message && message !== name ? `${name}${status}: ${message}` : `${name}${status}`
}

/** S3 can also send this error with the status 200, when it has begun its response before it knew. */
export function isPreconditionFailed(error: unknown): boolean {
  return statusOf(error) === 412 || nameOf(error) === 'PreconditionFailed'
}

/** Another request for the same key was under way. https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html */
function isConflict(error: unknown): boolean {
  return statusOf(error) === 409 || nameOf(error) === 'ConditionalRequestConflict'
}

/** True if S3 does not know this multipart upload. It may have become an object. */
export function isNoSuchUpload(error: unknown): boolean {
  return nameOf(error) === 'NoSuchUpload'
}

/** True if a store does not know a header or a value of the request. */
export function isUnsupported(error: unknown): boolean {
  return statusOf(error) === 501 || ['NotImplemented', 'InvalidArgument'].includes(nameOf(error) ?? '')
}

interface SdkError {
  name?: string
  $metadata?: { httpStatusCode?: number; attempts?: number }
}

/** Returns the status of S3's response, or undefined if there was no response. */
export function statusOf(error: unknown): number | undefined {
  return metadataOf(error)?.httpStatusCode
}

/** The SDK gives these a status of 503 if S3 sent them with the status 200. */
const REJECTIONS = new Set([
  'PreconditionFailed',
  'ConditionalRequestConflict',
  'NoSuchUpload',
  'InvalidPart',
  'InvalidPartOrder',
  'EntityTooSmall',
  'InvalidRequest',
  'AccessDenied',
])

/** True if an attempt that failed with this error of the SDK had no effect: S3 rejected it, or never received it. */
export function attemptHadNoEffect(error: unknown): boolean {
  const status = statusOf(error) ?? 0
  if ((status >= 300 && status < 500) || status === 501) return true
  return REJECTIONS.has(nameOf(error) ?? '') || neverConnected(sdkErrorOf(error))
}

interface SocketError {
  code?: unknown
  syscall?: unknown
  errors?: unknown[]
}

/** Errors of certificates come before the request is sent. https://nodejs.org/api/tls.html#x509-certificate-error-codes */
const CERTIFICATE_ERROR =
  /^(ERR_TLS_CERT_|CERT_|UNABLE_TO_|SELF_SIGNED_CERT|DEPTH_ZERO_|HOSTNAME_MISMATCH|INVALID_CA)/

function neverConnected(error: unknown): boolean {
  const { code, syscall, errors } = Object(error) as SocketError
  // With several addresses, Node reports one error for each.
  if (Array.isArray(errors)) return errors.length > 0 && errors.every(neverConnected)
  return syscall === 'connect' || syscall === 'getaddrinfo' || CERTIFICATE_ERROR.test(`${code}`)
}

function nameOf(error: unknown): string | undefined {
  return sdkErrorOf(error)?.name
}

export function metadataOf(value: unknown): SdkError['$metadata'] {
  return sdkErrorOf(value)?.$metadata
}

function sdkErrorOf(value: unknown): SdkError | undefined {
  // An application's client can reject with null.
  return ((value instanceof UploadError ? value.cause : value) ?? undefined) as SdkError | undefined
}
