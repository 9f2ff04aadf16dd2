import type { UploadMemory } from '../memory/upload-memory.ts'
import type { S3Requests } from '../s3/operations.ts'
import type { Permits } from '../s3/request-limiter.ts'
import type { Leftover } from '../shared/errors.ts'
import type { Checksums, ObjectParams, S3ClientLike } from '../shared/types.ts'

/**
 * The door to S3. An uploader brings a file's bytes there without making them visible, and hands on what can
 * make them visible or remove them.
 */
export interface Uploader {
  /**
   * Resolves when every byte is at S3 or held, and nothing is visible. Ends the upload by `scope.fail(error)` as
   * soon as it fails, then removes what it has brought to S3, and only then rejects; what could not be removed
   * goes to `scope.reportLeftover`.
   */
  stage(bytes: ByteSource, target: UploadTarget, scope: UploadScope): Promise<Staged>
}

export interface Staged {
  /** Makes the object visible. Called at most once. */
  commit(): Promise<StoredObject>
  /**
   * Removes what there is: bytes held, S3 parts, or the object just committed. Called when `scope.signal` has been
   * aborted, never rejects. A commit that has begun is waited for: it has an outcome.
   */
  abort(): Promise<void>
}

export interface ByteSource {
  /**
   * Hands on every chunk in order, and reads no further while a returned promise is pending. Resolves after the
   * last chunk; rejects at once when `signal` is aborted.
   */
  forEachChunk(take: (chunk: Buffer) => void | Promise<void>, signal: AbortSignal): Promise<void>
}

export interface UploadTarget {
  bucket: string
  key: string
  /** The key was made here and is no other's, so that whatever stands under it is ours. */
  unique: boolean
  params: ObjectParams
  /** The object must not replace another one. */
  ifNoneMatch: '*' | undefined
  /** Bytes of every S3 part but the last. */
  partSize: number
  /** No more bytes than this can come. */
  largestSize: number
}

/** What an uploader works with while one request lasts. */
export interface UploadScope {
  client: S3ClientLike
  s3: S3Requests
  /** Aborted when the request has failed, for whatever reason; `signal.reason` is that reason. */
  signal: AbortSignal
  /** Ends the whole upload with this error, unless it already has one. */
  fail(error: unknown): void
  /** Bounds the S3 requests in flight: of this upload, and of all that share its client. */
  permits: Permits
  /** Part buffers out of the memory budget. */
  memory: UploadMemory
  /** How many S3 parts of this upload may be in flight at once. */
  concurrency: number
  /** Bytes that S3 has newly confirmed. */
  onStored(bytes: number): void
  reportLeftover(leftover: Leftover): void
}

/** What S3 said of an object when it was made visible. */
export interface StoredObject {
  /** Bytes that S3 has confirmed. */
  size: number
  etag: string
  versionId?: string
  checksums?: Checksums
}
