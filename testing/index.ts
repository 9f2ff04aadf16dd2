export { startS3 } from './start-s3.ts'
export type {
  ChecksumAlgorithm,
  DropFault,
  ErrorFault,
  Fault,
  FaultFunction,
  FaultTiming,
  HangFault,
  RecordedRequest,
  S3Credentials,
  S3Operation,
  S3Server,
  S3ServerOptions,
  StoredObject,
  UnfinishedUpload,
  WaitFault,
} from './types.ts'
