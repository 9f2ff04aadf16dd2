export type { Answers, DefaultRoute, ResultOf } from './contract.ts'
export type {
  EachProgress,
  EachSummary,
  ItemPhase,
  UploadEachOptions,
  UploadItem,
  Uploads,
} from './each-types.ts'
export { type ClientErrorCode, UploadError, type UploadErrorDetails } from './errors.ts'
export type {
  Checksums,
  Fields,
  FieldValue,
  FileLimits,
  FileProgress,
  Files,
  FilesAndFields,
  FormFields,
  UploadedFile,
  UploadInput,
  UploadOptions,
  UploadPhase,
  UploadProgress,
  UploadResult,
  UploadRetry,
} from './types.ts'
export { upload } from './upload.ts'
export { uploadEach } from './upload-each.ts'
