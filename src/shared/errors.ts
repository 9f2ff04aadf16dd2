export const PROBLEMS = {
  MALFORMED_BODY: { status: 400, title: 'Malformed form data' },
  MISSING_BOUNDARY: { status: 400, title: 'No usable boundary' },
  TRUNCATED_BODY: { status: 400, title: 'Truncated form data' },
  UNEXPECTED_FILE: { status: 400, title: 'Unexpected file' },
  MISSING_FILE: { status: 400, title: 'Missing file' },
  TOO_FEW_FILES: { status: 400, title: 'Too few files' },
  FIELD_AFTER_FILE: { status: 400, title: 'Field after a file' },
  EMPTY_FILE: { status: 400, title: 'Empty file' },
  FILE_TOO_SMALL: { status: 400, title: 'File too small' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'Method not allowed' },
  CLIENT_STALLED: { status: 408, title: 'Upload stalled' },
  CLIENT_TOO_SLOW: { status: 408, title: 'Upload too slow' },
  DUPLICATE_KEY: { status: 409, title: 'Duplicate key' },
  ALREADY_EXISTS: { status: 409, title: 'Already exists' },
  REQUEST_TOO_LARGE: { status: 413, title: 'Request too large' },
  FILE_TOO_LARGE: { status: 413, title: 'File too large' },
  TOTAL_TOO_LARGE: { status: 413, title: 'Files too large in total' },
  TOO_MANY_FILES: { status: 413, title: 'Too many files' },
  TOO_MANY_FIELDS: { status: 413, title: 'Too many fields' },
  TOO_MANY_PARTS: { status: 413, title: 'Too many form parts' },
  FIELD_TOO_LARGE: { status: 413, title: 'Field too large' },
  FIELDS_TOO_LARGE: { status: 413, title: 'Fields too large in total' },
  FIELD_NAME_TOO_LONG: { status: 413, title: 'Field name too long' },
  NOT_MULTIPART: { status: 415, title: 'Not a multipart form' },
  UNSUPPORTED_ENCODING: { status: 415, title: 'Unsupported encoding' },
  TYPE_NOT_ACCEPTED: { status: 415, title: 'File type not accepted' },
  INVALID_FIELDS: { status: 422, title: 'Invalid fields' },
  REFUSED: { status: 422, title: 'Upload refused' },
  ABORTED: { status: 499, title: 'Client disconnected' },
  BODY_ALREADY_READ: { status: 500, title: 'Request body already read' },
  ALREADY_ANSWERED: { status: 500, title: 'Request already answered' },
  INVALID_KEY: { status: 500, title: 'Invalid object key' },
  HOOK_FAILED: { status: 500, title: 'Hook failed' },
  STORAGE_FAILED: { status: 502, title: 'Storage failed' },
  STORAGE_CONFLICT: { status: 503, title: 'Conflicting request at the storage' },
  CANCELLED: { status: 503, title: 'Upload cancelled by the server' },
  STORAGE_TIMEOUT: { status: 504, title: 'Storage timed out' },
} as const satisfies Record<string, { status: number; title: string }>

/** Names the cause of a failed upload. The set is closed; docs/errors.md lists each code with its HTTP status. */
export type UploadErrorCode = keyof typeof PROBLEMS

/** An object or a multipart upload that a failed upload could not remove from S3. */
export interface Leftover {
  bucket: string
  key: string
  /** Set for an unfinished multipart upload, not for an object. */
  uploadId?: string
  versionId?: string
  /** The error of the request that should have removed it. */
  cause: unknown
}

/** One thing that a schema found wrong with the fields of a form. */
export interface FieldIssue {
  /** Names and indexes from the outermost to the one that is wrong. Empty for the form as a whole. */
  path: readonly (string | number)[]
  message: string
}

export interface UploadErrorDetails {
  /** Name of the form field. */
  field?: string
  /** Cleaned filename from the client. */
  filename?: string
  /** The exceeded limit: bytes, bytes per second, milliseconds or a count, depending on the code. */
  limit?: number
  /** The accepted values. */
  allowed?: readonly string[]
  /** What a schema found wrong with the fields. */
  issues?: readonly FieldIssue[]
  /** Headers for the response, as in http-errors. */
  headers?: Record<string, string>
  cause?: unknown
  expose?: boolean
}

const BRAND = Symbol.for('s3-upstream.UploadError')

/**
 * The only error class of this library. `status`, `statusCode`, `expose` and `headers` have the meaning of
 * http-errors, so Express and Koa need no mapping.
 *
 * `instanceof` works across the CommonJS and ES module builds of the package, and across copies of it.
 */
export class UploadError extends Error {
  override readonly name: 'UploadError'
  readonly code: UploadErrorCode
  /** HTTP status. 499 if the client disconnected: no response is sent then. */
  readonly status: number
  readonly statusCode: number
  /** Short summary, the same for every error with this `code`: `title` in RFC 9457. */
  readonly title: string
  /** True if the client may see `message`. */
  readonly expose: boolean
  readonly headers: Record<string, string>
  declare readonly field?: string
  declare readonly filename?: string
  declare readonly limit?: number
  declare readonly allowed?: readonly string[]
  declare readonly issues?: readonly FieldIssue[]
  /** Everything that this upload left at S3 because the cleanup failed. Usually empty. */
  leftovers: readonly Leftover[]

  constructor(code: UploadErrorCode, message: string, details: UploadErrorDetails = {}) {
    super(message, 'cause' in details ? { cause: details.cause } : undefined)
    const { status, title } = PROBLEMS[code]
    // Fields with initial values would make the CommonJS build call this class `_class` in logs.
    this.name = 'UploadError'
    this.leftovers = []
    this.code = code
    this.status = status
    this.statusCode = status
    this.title = title
    this.expose = details.expose ?? status < 500
    this.headers = details.headers ?? {}
    if (details.field !== undefined) this.field = details.field
    if (details.filename !== undefined) this.filename = details.filename
    if (details.limit !== undefined) this.limit = details.limit
    if (details.allowed !== undefined) this.allowed = details.allowed
    if (details.issues !== undefined) this.issues = details.issues
    Object.defineProperty(this, BRAND, { value: true })
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    // biome-ignore lint/complexity/noThisInStatic: a subclass inherits this method and must check for its own instances.
    if (!Object.hasOwn(this, Symbol.hasInstance)) return super[Symbol.hasInstance](value)
    return typeof value === 'object' && value !== null && BRAND in value
  }
}
