import type { UploadMemory } from '../memory/upload-memory.ts'
import type { S3Requests } from '../s3/operations.ts'
import type { Permits } from '../s3/request-limiter.ts'
import type { Leftover } from '../shared/errors.ts'
import type { Checksums, ObjectParams, S3ClientLike } from '../shared/types.ts'

/** Stores files in S3 in two steps, so that a form is stored as a whole or not at all. */
export interface Uploader {
  /** Returns the handle of one file that will become one object. Sends nothing yet. */
  open(target: UploadTarget, scope: UploadScope): StagedObject
}

/** One file on its way to S3: staged, then committed or aborted. */
export interface StagedObject {
  /**
   * Reads every byte. Resolves when all bytes are in S3 or held in memory, and the object is not visible yet. Rejects as
   * soon as storing fails; the cleanup is left to `abort()`.
   */
  stage(bytes: ByteSource): Promise<void>
  /** Makes the object visible. Called at most once, after `stage()` has resolved. */
  commit(): Promise<StoredObject>
  /**
   * Removes what there is: bytes held, S3 parts, or the object just committed. Called after `scope.signal` has been
   * aborted, in any state: before `stage()`, while `stage()` or `commit()` is running, and afterwards.
   *
   * Can be called more than once. Never rejects. Resolves when every request has ended and the cleanup is complete; what
   * cannot be removed goes to `scope.reportLeftover`. A commit that has started must be awaited, not cut short.
   */
  abort(): Promise<void>
}

export interface ByteSource {
  /**
   * Passes every chunk in order, and reads no further while a returned promise is pending. Resolves after the last
   * chunk. Rejects as soon as `signal` is aborted or a limit is exceeded. Called once.
   */
  forEachChunk(take: (chunk: Buffer) => void | Promise<void>, signal: AbortSignal): Promise<void>
}

export interface UploadTarget {
  bucket: string
  key: string
  /** True if this upload generated the key, so that everything under it belongs to this upload. */
  unique: boolean
  params: ObjectParams
  /** `'*'` if the object must not replace another one. */
  ifNoneMatch: '*' | undefined
  /** Bytes of every S3 part except the last. */
  partSize: number
  /** Upper limit of the file's size in bytes. */
  largestSize: number
}

/** The means that an upload gives its uploader. */
export interface UploadScope {
  client: S3ClientLike
  s3: S3Requests
  /** Aborted when the upload has failed for any reason; `signal.reason` is the first error. */
  signal: AbortSignal
  /** Limits the S3 requests in flight: of this upload, and of all uploads that share its client. */
  permits: Permits
  /** Part buffers from the memory budget. */
  memory: UploadMemory
  /** S3 parts of this upload that may be in flight at once. */
  concurrency: number
  /** Called with the number of bytes that S3 has newly confirmed. */
  onStored(bytes: number): void
  /** Names what could not be removed from S3, for `error.leftovers`. */
  reportLeftover(leftover: Leftover): void
}

/** The object as S3 confirmed it. */
export interface StoredObject {
  /** Bytes confirmed by S3. */
  size: number
  etag: string
  versionId?: string
  checksums?: Checksums
}
