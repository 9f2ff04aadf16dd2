import type { UploadErrorCode } from '../src/shared/errors.ts'

/**
 * What only this side can know. `UNREACHABLE`: no answer, the line broke, or the browser forbids it (CORS).
 * `ABORTED`: cancelled here. `TIMEOUT`: no progress for too long. `FILE_UNREADABLE`: changed or gone since it was
 * chosen. `BAD_ANSWER`: success, but no JSON. `HTTP_ERROR`: any other answer without a code.
 */
export type ClientErrorCode =
  | 'UNREACHABLE'
  | 'ABORTED'
  | 'TIMEOUT'
  | 'FILE_UNREADABLE'
  | 'BAD_ANSWER'
  | 'HTTP_ERROR'

export interface UploadErrorDetails {
  /** HTTP status; 0 where there was no answer. */
  status?: number
  /** Short text that is the same for every error of this code. */
  title?: string
  /** Name of the form field concerned. */
  field?: string
  /** Name of the file concerned. */
  filename?: string
  /** The limit that was exceeded: bytes or a count, as the code says. */
  limit?: number
  /** What would have been accepted. */
  allowed?: readonly string[]
  /** Seconds after which the server wants to be asked again. */
  retryAfter?: number
  /** The answer's JSON, with whatever else it has. */
  problem?: unknown
  cause?: unknown
}

/** Whatever made an upload fail. `message` is in words, from the server where it sent some. */
export class UploadError extends Error {
  override readonly name = 'UploadError'
  readonly code: UploadErrorCode | ClientErrorCode | (string & {})
  readonly status: number = 0
  declare readonly title?: string
  declare readonly field?: string
  declare readonly filename?: string
  declare readonly limit?: number
  declare readonly allowed?: readonly string[]
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
