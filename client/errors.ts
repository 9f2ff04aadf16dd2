import type { FieldIssue, UploadErrorCode } from '../src/shared/errors.ts'

/**
 * Error codes that only the browser helper sets:
 *
 * - `UNREACHABLE`: no response. The server is down, the connection was lost, or CORS forbids the request.
 * - `ABORTED`: the page cancelled the upload.
 * - `TIMEOUT`: no progress for `timeout`, or no response for `storingTimeout`.
 * - `FILE_UNREADABLE`: a file was changed or removed after it was selected.
 * - `BAD_ANSWER`: a response with a success status whose body is not JSON.
 * - `HTTP_ERROR`: an error response without a code.
 */
export type ClientErrorCode =
  | 'UNREACHABLE'
  | 'ABORTED'
  | 'TIMEOUT'
  | 'FILE_UNREADABLE'
  | 'BAD_ANSWER'
  | 'HTTP_ERROR'

export interface UploadErrorDetails {
  /** HTTP status. 0 if there was no response; the server's 413 or 415 if the browser helper refused the file itself. */
  status?: number
  /** Short summary in the server's words, the same for every error with this code. */
  title?: string
  /** Name of the form field that caused the error. */
  field?: string
  /** Name of the file that caused the error. */
  filename?: string
  /** The limit that was exceeded: bytes or a count, depending on `code`. */
  limit?: number
  /** Values that the server accepts. */
  allowed?: readonly string[]
  /** What the server's schema found wrong with the fields. */
  issues?: readonly FieldIssue[]
  /** Seconds to wait before a retry, from the Retry-After header. */
  retryAfter?: number
  /** The whole JSON body of the error response. */
  problem?: unknown
  cause?: unknown
}

/**
 * The error of a failed upload. `code` is the server's, or a `ClientErrorCode`. `message` is a sentence for the user:
 * the server's `detail` or `title`, if it sent one.
 */
export class UploadError extends Error {
  override readonly name = 'UploadError'
  readonly code: UploadErrorCode | ClientErrorCode | (string & {})
  readonly status: number = 0
  declare readonly title?: string
  declare readonly field?: string
  declare readonly filename?: string
  declare readonly limit?: number
  declare readonly allowed?: readonly string[]
  declare readonly issues?: readonly FieldIssue[]
  declare readonly retryAfter?: number
  declare readonly problem?: unknown

  constructor(code: UploadError['code'], message: string, details?: UploadErrorDetails) {
    super(message)
    this.code = code
    Object.assign(this, details)
  }
}

export function aborted(signal: AbortSignal | undefined): UploadError {
  return new UploadError('ABORTED', 'The upload was cancelled.', { cause: signal?.reason })
}

export function invalidOption(name: string, value: unknown): TypeError {
  return new TypeError(`The option ${name} is invalid: ${value}.`)
}
