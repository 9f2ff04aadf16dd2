export type { Answers, DefaultRoute, ResultOf } from './contract.ts'
export { type ClientErrorCode, UploadError, type UploadErrorDetails } from './errors.ts'
export type {
  Checksums,
  Fields,
  FieldValue,
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
export {
  type EachProgress,
  type EachSummary,
  type ItemPhase,
  type UploadEachOptions,
  type UploadItem,
  type Uploads,
  uploadEach,
} from './upload-each.ts'
