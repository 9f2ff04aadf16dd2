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
   * TCP port on 127.0.0.1; 0 selects a free port.
   * @default 0
   */
  port?: number
  /**
   * Names of the buckets to create at the start. CreateBucket creates more.
   * @default []
   */
  buckets?: readonly string[]
  /**
   * The only key pair whose signatures the server accepts.
   * @default { accessKeyId: 'test', secretAccessKey: 'test-secret' }
   */
  credentials?: S3Credentials
  /**
   * Minimum size in bytes of every S3 part except the last. CompleteMultipartUpload fails with `EntityTooSmall` if a
   * part is smaller. The default is the limit of S3; a lower value makes tests with many parts cheap.
   * @default 5_242_880
   */
  minPartSize?: number
  /**
   * `true` stores every body. `false` stores no bodies, only sizes, ETags and checksums: `objects()[n].body` is empty,
   * and GetObject fails with 501. A number stores bodies up to this size in bytes. For uploads larger than memory.
   * @default true
   */
  storeBodies?: boolean | number
  /**
   * `true` rejects an upload with a `COMPOSITE` checksum unless UploadPart and CompleteMultipartUpload both include the
   * checksum of every S3 part. AWS requires these checksums; many S3-compatible stores do not.
   * @default false
   */
  requirePartChecksums?: boolean
  /**
   * `true` omits `x-amz-version-id: null` from the responses to PutObject and CompleteMultipartUpload, as Ceph does in a
   * bucket with suspended versioning. HeadObject and GetObject return the header, as at AWS.
   * @default false
   */
  omitNullVersionIds?: boolean
  /**
   * Number of requests that `requests` keeps. A further request removes the oldest. `RecordedRequest.n` counts all.
   * @default 10_000
   */
  maxRecordedRequests?: number
}

/** A visible object: the latest version of its key, unless that is a delete marker. */
export interface StoredObject {
  readonly key: string
  /** Empty if `storeBodies` excludes this object. */
  readonly body: Buffer
  /** Bytes. */
  readonly size: number
  /** Media type. `binary/octet-stream`, as in S3, if the upload had none. */
  readonly type: string
  /** Without quotes. `<md5>-<number of S3 parts>` after a multipart upload. */
  readonly etag: string
  /** Only in a bucket whose versioning is or was enabled. */
  readonly versionId?: string
  /** User metadata. Names are in lower case, without `x-amz-meta-`. */
  readonly metadata: Readonly<Record<string, string>>
  /** Headers stored with the object: `cache-control`, `x-amz-tagging`, `x-amz-acl` and others. Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** In Base64. A composite checksum ends with `-<number of S3 parts>`. Empty if the client sent none. */
  readonly checksums: Readonly<Partial<Record<ChecksumAlgorithm, string>>>
  /** Sizes of the S3 parts in bytes. Undefined after PutObject. */
  readonly parts?: readonly number[]
}

/** A multipart upload that is neither completed nor aborted. */
export interface UnfinishedUpload {
  readonly key: string
  readonly uploadId: string
  /** Sorted by part number. Sizes are in bytes. */
  readonly parts: readonly { readonly partNumber: number; readonly size: number }[]
}

/** A request that the server received, successful or not. */
export interface RecordedRequest {
  /** Name in the S3 API. The server also records operations that it does not implement; they fail with 501. */
  readonly operation: S3Operation | (string & {})
  readonly method: string
  /** Empty for ListBuckets. */
  readonly bucket: string
  /** Percent-decoded. Empty for operations on a bucket. */
  readonly key: string
  readonly partNumber?: number
  readonly uploadId?: string
  /** Number of this request among those for the same operation since the start or the last `reset()`, from 1. */
  readonly n: number
  /** Declared size of the content in bytes, without aws-chunked framing. 0 if the request declares no size. */
  readonly size: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | undefined>>
  /** HTTP status of the response. Undefined until the server responds; a dropped or hanging request never has one. */
  readonly status?: number
}

/** The delay before a fault takes effect. The server reads no request body during the delay. */
export interface FaultTiming {
  /** Milliseconds. */
  delay?: number
  /** A promise to wait for, after `delay`. The wait ends when it resolves or rejects. */
  until?: PromiseLike<unknown>
}

/** Sends an S3 error response. See https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html */
export interface ErrorFault extends FaultTiming {
  /** HTTP status. 200 is possible too: S3 can report an error of CompleteMultipartUpload with status 200. */
  status: number
  /** S3 error code, such as `SlowDown`. */
  code: string
  message?: string
  headers?: Record<string, string>
  /** `true` performs the operation before it sends the error: the client sees a failure, but S3 has the object. */
  after?: boolean
  drop?: never
  hang?: never
  response?: never
  blanks?: never
}

/** Destroys the connection without a response: `true` before the operation, `'after'` after it. */
export interface DropFault extends FaultTiming {
  drop: true | 'after'
  hang?: never
  status?: never
  response?: never
  blanks?: never
}

/**
 * Reads the request body and never responds, until the client disconnects or the server closes. `true` does not perform
 * the operation; `'after'` performs it first.
 */
export interface HangFault extends FaultTiming {
  hang: true | 'after'
  drop?: never
  status?: never
  response?: never
  blanks?: never
}

/** An HTTP response with any status, headers and body. */
export interface HttpResponse {
  status: number
  /** The server adds `content-length` if it is missing, and otherwise sends exactly these headers. */
  headers?: Readonly<Record<string, string>>
  /** Not sent in response to HEAD, or with status 204 or 304. */
  body?: string | Buffer
}

/**
 * Sends a response that is not from S3, such as the block page of a proxy with status 200, or changes the response of
 * S3.
 */
export interface ResponseFault extends FaultTiming {
  /**
   * The response to send. A function gets the response of S3 after the operation, also an error response, and returns
   * the one to send. Its argument has header names in lower case.
   */
  response: HttpResponse | ((response: Required<HttpResponse>) => HttpResponse | Promise<HttpResponse>)
  /** `true` performs the operation before it sends the response. Always so if `response` is a function. */
  after?: boolean
  drop?: never
  hang?: never
  status?: never
  blanks?: never
}

/**
 * Sends status 200, the headers and the XML declaration at once, then blanks, then the rest of the response: what S3 does
 * while a CompleteMultipartUpload takes long. Performs the operation before the blanks. An error of the operation
 * follows the blanks, with status 200. A response without an XML body is only delayed.
 */
export interface BlanksFault extends FaultTiming {
  /** `interval`: milliseconds between two blanks. They end after `delay`, and when `until` has settled. */
  blanks: { interval: number } & FaultTiming
  /** Sends an S3 error with this code after the blanks, and does not perform the operation. */
  code?: string
  message?: string
  /** `true` performs the operation before it sends the error. */
  after?: boolean
  drop?: never
  hang?: never
  status?: never
  response?: never
}

/** Performs the operation normally, after the delay. */
export interface WaitFault extends FaultTiming {
  drop?: never
  hang?: never
  status?: never
  response?: never
  blanks?: never
}

export type Fault = ErrorFault | DropFault | HangFault | ResponseFault | BlanksFault | WaitFault

/**
 * Called for each request when its headers arrive, before the signature check. `undefined` means no fault. The request
 * waits for the promise: meanwhile the function can store an object as another client, with `client`. The server calls
 * it for those requests too.
 */
export type FaultFunction = (request: RecordedRequest) => Fault | undefined | Promise<Fault | undefined>

export interface S3Server {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string
  readonly region: string
  readonly credentials: Readonly<S3Credentials>
  /** A client configured for this server. `close()` destroys it. */
  readonly client: S3Client
  /**
   * The requests since the start or the last `reset()`, in order of arrival: at most `maxRecordedRequests`, the newest.
   * The server updates this array.
   */
  readonly requests: readonly RecordedRequest[]
  /** Returns the visible objects, sorted by the UTF-8 bytes of their keys. Throws a TypeError for an unknown bucket. */
  objects(bucket: string): StoredObject[]
  /** Returns the unfinished multipart uploads, sorted by key, then age. Throws a TypeError for an unknown bucket. */
  uploads(bucket: string): UnfinishedUpload[]
  /**
   * Adds a fault, which makes requests fail or wait. For each request the server calls the fault functions in the order
   * in which they were added, and applies the first result that is not `undefined`. If a function throws, the server
   * responds with 500 `InternalError`.
   *
   * @returns a function that removes this fault
   * @example
   * // the second UploadPart fails once
   * s3.fault(r => (r.operation === 'UploadPart' && r.n === 2 ? { status: 503, code: 'SlowDown' } : undefined))
   * // S3 completes every upload, but the response is lost
   * s3.fault(r => (r.operation === 'CompleteMultipartUpload' ? { drop: 'after' } : undefined))
   * // a proxy responds in place of S3
   * const page = { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Blocked</h1>' }
   * s3.fault(r => (r.operation === 'PutObject' ? { response: page } : undefined))
   * // every UploadPart waits until the test resolves the promise
   * s3.fault(r => (r.operation === 'UploadPart' ? { until: released } : undefined))
   */
  fault(fault: FaultFunction): () => void
  /**
   * Removes objects, uploads, versioning settings, recorded requests and faults. Keeps the buckets. Objects stored
   * afterwards by requests that were in flight are not visible.
   */
  reset(): void
  /** Closes the server and destroys all connections, busy ones included. Resolves when the port is free. */
  close(): Promise<void>
}
