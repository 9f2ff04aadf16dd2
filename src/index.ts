export {
  type AbortStaleUploadsOptions,
  type AbortStaleUploadsResult,
  abortStaleUploads,
  type StaleUpload,
} from './abort-stale-uploads.ts'
export type { Duration } from './durations.ts'
export { type Leftover, UploadError, type UploadErrorCode } from './errors.ts'
export { createMemoryBudget, defaultMemoryBudget, type MemoryBudget } from './memory-budget.ts'
export type { StreamToS3Options } from './options.ts'
export type { Size } from './sizes.ts'
export { streamToS3 } from './stream-to-s3.ts'
export type {
  Checksums,
  Fields,
  FormResult,
  IncomingFile,
  IncomingRequest,
  ObjectParams,
  S3ClientLike,
  UploadContext,
  UploadedFile,
  UploadProgress,
  UploadResult,
} from './types.ts'
export type { ByteSource, Staged, StoredObject, Uploader, UploadScope, UploadTarget } from './uploader.ts'
