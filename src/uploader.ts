import type { BufferPool } from './buffer-pool.ts'
import type { Leftover } from './errors.ts'
import type { S3Requests } from './s3-requests.ts'
import type { Slots } from './slots.ts'
import type { Checksums, ObjectParams, S3ClientLike } from './types.ts'

/**
 * The door to S3. An uploader brings a file's bytes there without making them visible, and hands on what can
 * make them visible or remove them.
 */
export interface Uploader {
  /**
   * Resolves when every byte is at S3 or held, and nothing is visible. Rejects with the first error once
   * nothing of this file is left at S3; what could not be removed goes to `context.reportLeftover`.
   */
  stage(bytes: ByteSource, target: UploadTarget, context: UploadScope): Promise<Staged>
}

export interface Staged {
  /** Makes the object visible. Called at most once. A commit that has begun is not cut short: it has an outcome. */
  commit(): Promise<StoredObject>
  /** Removes what there is: bytes held, S3 parts, or the object just committed. Idempotent, never rejects. */
  abort(): Promise<void>
}

export interface ByteSource {
  /**
   * Hands on every chunk in order, and reads no further while a returned promise is pending. The chunk is only
   * lent: copy what is to be kept. Resolves after the last chunk; rejects at once when `signal` is aborted.
   */
  forEachChunk(take: (chunk: Buffer) => void | Promise<void>, signal: AbortSignal): Promise<void>
}

export interface UploadTarget {
  bucket: string
  key: string
  params: ObjectParams
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
  /** Bounds the S3 requests that this upload has in flight. */
  slots: Slots
  buffers: BufferPool
  /** How many S3 parts of this upload may be in flight at once. */
  concurrency: number
  /** Bytes that S3 has newly confirmed. */
  onStored(bytes: number): void
  reportLeftover(leftover: Leftover): void
}

/** What S3 said of an object when it was made visible. */
export interface StoredObject {
  size: number
  etag: string
  versionId?: string
  checksums?: Checksums
}
