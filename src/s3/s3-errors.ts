import { UploadError } from '../shared/errors.ts'
import { alreadyExists, type ObjectName, storageFailed } from '../shared/upload-errors.ts'

/** The members of an S3 request's input that an error needs. */
export interface RequestInput extends ObjectName {
  IfNoneMatch?: string | undefined
}

/** Returns the error of a request that failed with this error of the SDK. */
export function requestFailed(operation: string, input: RequestInput, cause: unknown): UploadError {
  const status = statusOf(cause)
  const exists = input.IfNoneMatch !== undefined && (status === 412 || status === 409)
  return exists ? alreadyExists(cause) : storageFailed(operation, input, reasonOf(cause), cause)
}

/** Returns name, status and message of an SDK error. Ceph's errors have no message, socket errors have no status. */
export function reasonOf(cause: unknown): string {
  const { name, message } = cause as Error
  const status = statusOf(cause) ? ` (${statusOf(cause)})` : ''
  return message && message !== name ? `${name}${status}: ${message}` : `${name}${status}`
}

interface SdkError {
  $metadata?: { httpStatusCode?: number; attempts?: number }
}

/** Returns the status of S3's response, or undefined if there was no response. */
export function statusOf(error: unknown): number | undefined {
  return metadataOf(error)?.httpStatusCode
}

/**
 * True if a failed request certainly had no effect: S3 rejected its first attempt. After a retry this is not certain,
 * because S3 may reject the second attempt for an effect of the first.
 */
export function hadNoEffect(error: unknown): boolean {
  const { httpStatusCode = 0, attempts = 0 } = metadataOf(error) ?? {}
  return httpStatusCode >= 400 && httpStatusCode < 500 && attempts === 1
}

function metadataOf(error: unknown): SdkError['$metadata'] {
  const sdkError = error instanceof UploadError ? error.cause : error
  return (sdkError as SdkError | undefined)?.$metadata
}
