import type { IncomingHttpHeaders } from 'node:http'
import type { Readable } from 'node:stream'
import type { PutObjectCommandInput, S3Client } from '@aws-sdk/client-s3'
import type { Leftover } from './errors.ts'

/** A Node request, or any byte stream with HTTP headers. */
export type IncomingRequest = Readable & { headers: IncomingHttpHeaders }

/** Form fields by name, in an object without a prototype. A field that occurs several times is an array. */
export type Fields = Record<string, string | string[]>

/** A file of the form before its bytes are read. The client claims all of this; never trust it. */
export interface IncomingFile<Name extends string = string> {
  /** Name of the form field. */
  field: Name
  /** The name that the client sent, decoded, without directories and control characters. Can be empty. */
  filename: string
  /**
   * Relative path with `/`, without `.`, `..`, drives and control characters. Set only if the client sent directories: a
   * folder upload does.
   */
  path?: string
  /**
   * Media type in lower case, without parameters. With `accept` or `detect`, it is detected from the first bytes:
   * `application/octet-stream` if they show none. Otherwise it is what the client declares; `text/plain` if it declares
   * none (RFC 7578, 4.4).
   */
  type: string
  /** Media type that the client declared, like `type`. Set only if `type` is detected and the client declared one. */
  declaredType?: string
  /** The Content-Type of the form part, as the client sent it. */
  contentType?: string
}

/** A file as `onFile` sees it. */
export interface PeekedFile<Name extends string = string> extends IncomingFile<Name> {
  /** A copy of the first bytes: 4,100, or the whole file if it has fewer. */
  readonly head: Buffer
}

/** What `onFile` returns: nothing to store the file. */
// biome-ignore lint/suspicious/noConfusingVoidType: a hook without a return statement.
export type OnFileResult = void | undefined | { readonly skip: boolean }

/** A file that `onFile` has skipped. */
export type SkippedFile<Name extends string = string> = Pick<
  IncomingFile<Name>,
  'field' | 'filename' | 'type'
>

/** Digests of a whole file in hex, by algorithm: those in `digest`. */
export type Digests = { readonly [Algorithm in DigestAlgorithm]?: string }

/** Algorithms of `digest`. Node must support them. */
export const DIGEST_ALGORITHMS = [
  'md5',
  'sha1',
  'sha224',
  'sha256',
  'sha384',
  'sha512',
  'sha512-256',
  'sha3-256',
  'sha3-384',
  'sha3-512',
  'blake2b512',
  'blake2s256',
] as const

export type DigestAlgorithm = (typeof DIGEST_ALGORITHMS)[number]

/** A file that S3 has stored and confirmed. */
export interface UploadedFile<Name extends string = string> extends Omit<IncomingFile<Name>, 'contentType'> {
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
  /** Set with `digest` only. */
  digests?: Digests
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
export interface FormResult<Output = Fields, Name extends string = string> {
  /** In the order of the form. `size` is the bytes received. */
  files: readonly ReceivedFile<Name>[]
  /** As the client sent them; with `fields`, the output of the schema. */
  fields: Readonly<Output>
  /** Set if `onFile` skipped a file. In the order of the form. */
  skipped?: readonly SkippedFile<Name>[]
}

/** A file that is read completely, and not visible yet. */
export type ReceivedFile<Name extends string = string> = Pick<
  UploadedFile<Name>,
  Exclude<keyof IncomingFile, 'contentType'> | 'bucket' | 'key' | 'size' | 'digests'
>

export interface UploadResult<Output = Fields, Name extends string = string> {
  /** In the order of the form. */
  files: UploadedFile<Name>[]
  /** As the client sent them; with `fields`, the output of the schema. */
  fields: Output
  /** Files that `onFile` skipped, in the order of the form. Set if there are any. */
  skipped?: SkippedFile<Name>[]
}

/** The result of an upload that the application continues with. */
export interface StoredUpload<Output = Fields, Name extends string = string>
  extends UploadResult<Output, Name> {
  /**
   * Removes the objects of this upload, for example if a later step of the request fails. Removes them once, however often it
   * is called, and only them: what another upload has stored under the same key stays. Never rejects. Resolves with what it
   * could not remove.
   */
  rollback(): Promise<readonly Leftover[]>
}

/** Passed to every hook. */
export interface UploadContext {
  request: IncomingRequest
  /**
   * The fields received so far, as the client sent them: in the hooks of a file, those that precede it in the form. Browsers
   * send inputs in the order of the page.
   */
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
