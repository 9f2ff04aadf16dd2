import type { S3Client } from '@aws-sdk/client-s3'
import type { S3Operation } from './operations/names.ts'

export type { S3Operation }

export type ChecksumAlgorithm = 'crc32' | 'crc32c' | 'crc64nvme' | 'sha1' | 'sha256'

export interface S3Credentials {
  accessKeyId: string
  secretAccessKey: string
}

export interface S3ServerOptions {
  /**
   * TCP port on 127.0.0.1; 0 takes a free one.
   * @default 0
   */
  port?: number
  /**
   * Names of buckets that exist from the start. More can be made with CreateBucket.
   * @default []
   */
  buckets?: readonly string[]
  /**
   * The one key pair whose signatures are accepted.
   * @default { accessKeyId: 'test', secretAccessKey: 'test-secret' }
   */
  credentials?: S3Credentials
  /**
   * Smallest size in bytes of every S3 part but the last; CompleteMultipartUpload answers `EntityTooSmall` below it.
   * S3's own limit is the default; a lower one keeps tests of many parts cheap.
   * @default 5_242_880
   */
  minPartSize?: number
  /**
   * `false` keeps sizes, ETags and checksums, but no bytes: `objects()[n].body` is empty and GetObject answers 501.
   * A number does that with objects of more than so many bytes. For uploads larger than memory.
   * @default true
   */
  storeBodies?: boolean | number
  /**
   * `true` refuses, as AWS does, to complete an upload with a `COMPOSITE` checksum unless every S3 part was sent and
   * completed with its checksum. Many S3-compatible stores accept it, so it is off.
   * @default false
   */
  requirePartChecksums?: boolean
}

/** A visible object: the latest version of its key, unless that is a delete marker. */
export interface StoredObject {
  readonly key: string
  /** Empty when `storeBodies` says that it is not kept. */
  readonly body: Buffer
  /** Bytes. */
  readonly size: number
  /** Media type; `binary/octet-stream`, as in S3, when the upload named none. */
  readonly type: string
  /** Without quotes. `<md5>-<number of S3 parts>` after a multipart upload. */
  readonly etag: string
  /** Only in a bucket whose versioning is or was enabled. */
  readonly versionId?: string
  /** User metadata, names in lower case without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>
  /** The headers stored with the object (`cache-control`, `x-amz-tagging`, `x-amz-acl`, …), names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** Base64; `-<number of S3 parts>` follows a composite one. Empty when the client sent none. */
  readonly checksums: Readonly<Partial<Record<ChecksumAlgorithm, string>>>
  /** Sizes of the S3 parts in bytes; undefined after PutObject. */
  readonly parts?: readonly number[]
}

/** A multipart upload that is neither completed nor aborted. */
export interface UnfinishedUpload {
  readonly key: string
  readonly uploadId: string
  /** In order of part number; sizes in bytes. */
  readonly parts: readonly { readonly partNumber: number; readonly size: number }[]
}

/** One request as it arrived, whatever became of it. */
export interface RecordedRequest {
  /** Name in the S3 API. One that the server does not implement is recorded too, and answered with 501. */
  readonly operation: S3Operation | (string & {})
  readonly method: string
  /** Empty for ListBuckets. */
  readonly bucket: string
  /** Decoded; empty for an operation on a bucket. */
  readonly key: string
  readonly partNumber?: number
  readonly uploadId?: string
  /** Which request for this operation it is since the start or the last `reset()`, counted from 1. */
  readonly n: number
  /** Declared bytes of content, without the framing of aws-chunked; 0 when none are declared. */
  readonly size: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** HTTP status, set when the answer is sent; undefined while in flight, and for good when dropped or hung. */
  readonly status?: number
}

/** When a fault strikes. Nothing of the request body is read while it waits. */
export interface FaultTiming {
  /** Milliseconds to wait before anything else. */
  delay?: number
  /** Waits until this promise settles, whichever way. */
  until?: PromiseLike<unknown>
}

/** Answers with an S3 error. See https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
export interface ErrorFault extends FaultTiming {
  /** HTTP status. S3 may also answer CompleteMultipartUpload with an error under status 200. */
  status: number
  /** S3 error code, such as `SlowDown`. */
  code: string
  message?: string
  headers?: Record<string, string>
  /** The operation takes effect, and only then is the error sent: success that looks like failure. */
  after?: boolean
  drop?: never
  hang?: never
}

/** Destroys the connection without an answer: `true` before the operation takes effect, `'after'` once it has. */
export interface DropFault extends FaultTiming {
  drop: true | 'after'
  hang?: never
  status?: never
}

/**
 * Takes the request body and never answers, until the client goes away or the server closes: `true` instead of the
 * operation, `'after'` once it has taken effect.
 */
export interface HangFault extends FaultTiming {
  hang: true | 'after'
  drop?: never
  status?: never
}

/** Handles the request as usual, only later. */
export interface WaitFault extends FaultTiming {
  drop?: never
  hang?: never
  status?: never
}

export type Fault = ErrorFault | DropFault | HangFault | WaitFault

/** Called for each request on arrival, before its signature is checked. `undefined` lets the request be. */
export type FaultFunction = (request: RecordedRequest) => Fault | undefined | Promise<Fault | undefined>

export interface S3Server {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string
  readonly region: string
  readonly credentials: Readonly<S3Credentials>
  /** A client configured for this server; `close()` destroys it. */
  readonly client: S3Client
  /** All requests since the start or the last `reset()`, in order of arrival. The array is live. */
  readonly requests: readonly RecordedRequest[]
  /** Visible objects in S3's order, by the UTF-8 bytes of their keys. Throws a TypeError when there is no such bucket. */
  objects(bucket: string): StoredObject[]
  /** Unfinished multipart uploads by key, then age. Throws a TypeError when there is no such bucket. */
  uploads(bucket: string): UnfinishedUpload[]
  /**
   * Makes requests fail. Several faults may be active: the first, in order of addition, that answers something wins.
   * A function that throws makes the server answer 500 `InternalError`.
   *
   * @returns a function that removes this fault
   * @example
   * // the second S3 part fails once
   * s3.fault(r => (r.operation === 'UploadPart' && r.n === 2 ? { status: 503, code: 'SlowDown' } : undefined))
   * // every completion takes effect, but its answer is lost
   * s3.fault(r => (r.operation === 'CompleteMultipartUpload' ? { drop: 'after' } : undefined))
   * // S3 parts are held until the test lets them go
   * s3.fault(r => (r.operation === 'UploadPart' ? { until: released } : undefined))
   */
  fault(fault: FaultFunction): () => void
  /**
   * Drops objects, uploads, versioning, recorded requests and faults; keeps the buckets. What a request still in
   * flight stores afterwards is not seen.
   */
  reset(): void
  /** Resolves when the port is free and every connection is closed. Requests in flight are cut off. */
  close(): Promise<void>
}
