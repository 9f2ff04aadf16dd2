export {
  type AbortStaleUploadsOptions,
  type AbortStaleUploadsResult,
  abortStaleUploads,
  type StaleUpload,
} from './abort-stale-uploads.ts'
export { type CheckStorageOptions, checkStorage } from './check-storage.ts'
export { createMemoryBudget, defaultMemoryBudget, type MemoryBudget } from './memory/memory-budget.ts'
export type { StreamToS3Options } from './options/options.ts'
export type { Duration } from './shared/durations.ts'
export { type Leftover, UploadError, type UploadErrorCode } from './shared/errors.ts'
export type { Size } from './shared/sizes.ts'
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
} from './shared/types.ts'
export type { CheckStorageResult, StorageCheck } from './storage/check-report.ts'
export type {
  ByteSource,
  StagedObject,
  StoredObject,
  Uploader,
  UploadScope,
  UploadTarget,
} from './storage/uploader.ts'
export { streamToS3 } from './upload/stream-to-s3.ts'
