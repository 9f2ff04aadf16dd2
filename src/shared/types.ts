import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3'

/** A Node request, or any byte stream with the headers of one. */
export type IncomingRequest = Readable & { headers: IncomingHttpHeaders }

/** Form fields by name, on an object without a prototype. A name that came several times has an array. */
export type Fields = Record<string, string | string[]>

/** A file of the form before its bytes have been read. Everything here is what the client claims. */
export interface IncomingFile {
  /** Name of the form field. */
  field: string
  /** As the client sent it, decoded as UTF-8, without directories and control characters. May be empty. */
  filename: string
  /** Media type in lower case, without parameters; `text/plain` if there is none (RFC 7578, 4.4). */
  type: string
}

/** A file that S3 has confirmed. */
export interface UploadedFile extends IncomingFile {
  bucket: string
  key: string
  /** Bytes, counted while they passed, and equal to the bytes that S3 confirmed. */
  size: number
  /** S3's ETag without the quotes. */
  etag: string
  /** Only in buckets with versioning. */
  versionId?: string
  /**
   * Base64, as S3 returned them. Of a file sent in several S3 parts this is mostly the checksum of the parts'
   * checksums, marked by `-` and their count.
   * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
   */
  checksums?: Checksums
}

export interface Checksums {
  crc32?: string
  crc32c?: string
  crc64nvme?: string
  sha1?: string
  sha256?: string
  /** S3 learns further algorithms from time to time. */
  [algorithm: string]: string | undefined
}

/** A form that has been read, before anything of it is visible. */
export interface FormResult {
  /** In the order of the form. `size` is counted; `type` is what the client claims. */
  files: readonly (IncomingFile & { bucket: string; key: string; size: number })[]
  fields: Readonly<Fields>
}

export interface UploadResult {
  /** In the order of the form. */
  files: UploadedFile[]
  fields: Fields
}

/** What hooks are told about the request that they run in. */
export interface UploadContext {
  request: IncomingRequest
  /** The fields that came before this file in the form. Browsers send in the order of the form's inputs. */
  fields: Readonly<Fields>
  /** Aborted as soon as this upload has failed or its client has gone. */
  signal: AbortSignal
}

export interface UploadProgress {
  file: IncomingFile
  /** Bytes of this file read from the client so far. */
  received: number
  /** Bytes of this file that S3 has confirmed so far. */
  stored: number
}

/**
 * Any parameter of PutObject except those that this library sets itself or that would have to be known before
 * the bytes. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 */
export type ObjectParams = Omit<PutObjectCommandInput, ReservedParam | Checksum>

export const RESERVED_PARAMS = [
  'Bucket',
  'Key',
  'Body',
  'ContentLength',
  'ContentMD5',
  'IfMatch',
  'IfNoneMatch',
  'WriteOffsetBytes',
] as const satisfies (keyof PutObjectCommandInput)[]

type ReservedParam = (typeof RESERVED_PARAMS)[number]
type Checksum = Exclude<
  keyof PutObjectCommandInput & `Checksum${string}`,
  'ChecksumAlgorithm' | 'ChecksumType'
>

/** As much of `S3Client` as is used, so that any version of SDK 3 fits. */
export type S3ClientLike = Pick<S3Client, 'send' | 'config'>
