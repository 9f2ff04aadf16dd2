export {
  type AbortStaleUploadsOptions,
  type AbortStaleUploadsResult,
  abortStaleUploads,
  type StaleUpload,
} from './abort-stale-uploads.ts'
export { type CheckStorageOptions, checkStorage } from './check-storage.ts'
export { createMemoryBudget, defaultMemoryBudget, type MemoryBudget } from './memory/memory-budget.ts'
export type { AcceptOption, FileRules, StreamToS3Options } from './options/options.ts'
export type { Duration } from './shared/durations.ts'
export { type FieldIssue, type Leftover, UploadError, type UploadErrorCode } from './shared/errors.ts'
export type { Size } from './shared/sizes.ts'
export type {
  Checksums,
  DigestAlgorithm,
  Digests,
  Fields,
  FormResult,
  IncomingFile,
  IncomingRequest,
  ObjectParams,
  OnFileResult,
  PeekedFile,
  ReceivedFile,
  S3ClientLike,
  SkippedFile,
  StoredUpload,
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
export { byField } from './upload/by-field.ts'
export { streamToS3 } from './upload/stream-to-s3.ts'
