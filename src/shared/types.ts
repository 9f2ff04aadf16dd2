import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3'

/** A Node request, or any byte stream with HTTP headers. */
export type IncomingRequest = Readable & { headers: IncomingHttpHeaders }

/** Form fields by name, in an object without a prototype. A field that occurs several times is an array. */
export type Fields = Record<string, string | string[]>

/** A file of the form before its bytes are read. The client claims all of this; never trust it. */
export interface IncomingFile {
  /** Name of the form field. */
  field: string
  /** The name that the client sent, decoded, without directories and control characters. Can be empty. */
  filename: string
  /**
   * Relative path with `/`, without `.`, `..`, drives and control characters. Set only if the client sent directories: a
   * folder upload does.
   */
  path?: string
  /** Media type in lower case, without parameters. `text/plain` if the client sends none (RFC 7578, 4.4). */
  type: string
  /** The Content-Type of the form part, as the client sent it. */
  contentType?: string
}

/** A file that S3 has stored and confirmed. */
export interface UploadedFile extends Omit<IncomingFile, 'contentType'> {
  bucket: string
  key: string
  /** Bytes received, which equal the bytes that S3 confirmed. */
  size: number
  /** S3's ETag without the quotes. */
  etag: string
  /** Set in buckets with versioning only. */
  versionId?: string
  /**
   * Checksums that S3 returned, in base64. For a file of several S3 parts, S3 usually returns the checksum of the
   * part checksums, followed by `-` and the number of parts.
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
  /** Algorithms that S3 adds in the future. */
  [algorithm: string]: string | undefined
}

/** A form that is read completely. None of its files is visible yet. */
export interface FormResult {
  /** In the order of the form. `size` is the bytes received; `type` is what the client claims. */
  files: readonly (Omit<IncomingFile, 'contentType'> & { bucket: string; key: string; size: number })[]
  fields: Readonly<Fields>
}

export interface UploadResult {
  /** In the order of the form. */
  files: UploadedFile[]
  fields: Fields
}

/** Passed to every hook. */
export interface UploadContext {
  request: IncomingRequest
  /** The fields that precede this file in the form. Browsers send inputs in the order of the page. */
  fields: Readonly<Fields>
  /** Aborts when the upload fails or its client disconnects. */
  signal: AbortSignal
}

export interface UploadProgress {
  file: IncomingFile
  /** Bytes of this file received so far. */
  received: number
  /** Bytes of this file that S3 has confirmed so far. */
  stored: number
}

/**
 * Parameters of PutObject, except those that the library sets itself or that depend on the bytes.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html
 */
export type ObjectParams = Omit<PutObjectCommandInput, ReservedParam | Checksum> & {
  /**
   * For files of several S3 parts: the checksum of the whole object, or of the checksums of its parts. Written here,
   * because PutObject does not have it, nor do older versions of the SDK.
   * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
   */
  ChecksumType?: 'COMPOSITE' | 'FULL_OBJECT' | undefined
}

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

/** The part of `S3Client` that the library uses. Every version of SDK v3 matches it. */
export type S3ClientLike = Pick<S3Client, 'send' | 'config'>
