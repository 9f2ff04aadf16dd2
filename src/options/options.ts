import type { MemoryBudget } from '../memory/memory-budget.ts'
import type { Duration } from '../shared/durations.ts'
import type { Size } from '../shared/sizes.ts'
import type {
  FormResult,
  IncomingFile,
  ObjectParams,
  S3ClientLike,
  UploadContext,
  UploadProgress,
} from '../shared/types.ts'
import type { Uploader } from '../storage/uploader.ts'

/** A size is a number of bytes or a text such as `'25MB'` (powers of 1024). */
export interface StreamToS3Options<Context extends UploadContext = UploadContext> {
  bucket: string
  /** @default one `S3Client` for the process, made with the first upload, set up from the environment */
  client?: S3ClientLike | undefined
  /** Names the object; `prefix` is put before it. At most 1,024 bytes in UTF-8. @default a UUID and an extension that fits the type */
  key?: ((file: IncomingFile, context: Context) => string | Promise<string>) | undefined
  /** Put before every key, as it is: `'avatars/'`. @default none */
  prefix?: string | undefined
  /** Further parameters of PutObject for each file. @default `ContentType` as the client declared it */
  params?:
    | (ObjectParams | ((file: IncomingFile, context: Context) => ObjectParams | Promise<ObjectParams>))
    | undefined
  /**
   * Whether an object may replace an older one with its key: `'fail'` answers 409 and stores nothing, also when two
   * uploads race. Needs a store with conditional writes (docs/providers.md). @default 'overwrite'
   */
  ifExists?: 'overwrite' | 'fail' | undefined
  /**
   * Awaited when the whole form has been read and nothing is visible yet. Throwing stores nothing: an error with a
   * 4xx `status` is answered with that, another `Error` with 422 and its message; a `TypeError` and its kind are bugs.
   */
  validate?: ((form: FormResult, context: Context) => unknown) | undefined
  /** Declared media types to take: `'image/*'`, `['image/png', 'application/pdf']`. @default all */
  accept?: string | readonly string[] | undefined
  /**
   * Bytes of one file. Refused with 413, and never stored, from one byte more. More than 10,000 parts of the size of
   * `memoryBudget` cannot be, which is 2.4 TB with 256 MB. @default '100MB'
   */
  maxFileSize?: Size | undefined
  /** @default 10 */
  maxFiles?: number | undefined
  /** Bytes of all files of a form together. @default maxFiles × maxFileSize */
  maxTotalSize?: Size | undefined
  /** Fields that are not files. @default 100 */
  maxFields?: number | undefined
  /** Bytes of one field's value. @default '64KB' */
  maxFieldSize?: Size | undefined
  /** Bytes of a field's name, for files too. @default 100 */
  maxFieldNameSize?: Size | undefined
  /** Smallest size of an S3 part; grows so that `maxFileSize` fits into 10,000 parts. From 5 MB. @default '5MB' */
  partSize?: Size | undefined
  /** S3 requests that one upload has in flight at once, roll-back aside. @default 4 */
  concurrency?: number | undefined
  /**
   * S3 requests in flight at once of all uploads that share a client; each has its turn.
   * @default four fifths of the client's sockets: 40, unless its request handler was given another agent
   */
  maxS3Requests?: number | undefined
  /**
   * Memory of uploads together, their part buffers and 256 KB for each: a size for this route alone, or a budget that
   * routes share. Uploads that find none left wait in the order in which they came, and are not read meanwhile.
   * `libStorage()` has buffers of its own.
   * @default one budget for the process: 256 MB, or a quarter of the memory that the process may use if that is less
   */
  memoryBudget?: Size | MemoryBudget | undefined
  /**
   * Whether the bytes of files are left out of the signature of S3 requests, which saves a SHA-256 of each of them.
   * Turn it off where a bucket policy asks for signed payloads.
   * @default over https, where TLS protects them, if the SDK sends a checksum along
   */
  unsignedPayload?: boolean | undefined
  /**
   * Time without a byte from the client, while we are willing to read: 408. Milliseconds or `'30s'`. A client that we have
   * made to wait for longer is not refused before as much time has passed again, at most two minutes.
   * @default '30s'
   */
  idleTimeout?: Duration | undefined
  /** Time of a single request to S3, the SDK's retries included: 504. Milliseconds or `'2m'`. @default '120s' */
  storageTimeout?: Duration | undefined
  /** Bytes of a refused request that are read and dropped, so that the client sees its answer. @default '16MB' */
  maxDrainSize?: Size | undefined
  /** Time after which a refused request that still sends loses its connection. @default '10s' */
  drainTimeout?: Duration | undefined
  /** Called for every chunk received and every S3 part stored: keep it short. What it throws fails the upload. */
  onProgress?: ((progress: UploadProgress, context: Context) => void) | undefined
  /**
   * Sees the error of every failed upload, for logs and metrics, and in `error.leftovers` what it could not remove.
   * What it throws is ignored, with a warning.
   * @default none. Where the adapter answers, faults of the server and of S3 are then printed with `console.error`
   */
  onError?: ((error: unknown, context: Context) => void) | undefined
  /** Aborting it ends uploads in flight with 503 and removes what they had brought to S3. */
  signal?: AbortSignal | undefined
  /** How bytes get to S3. @default the part writer; `libStorage()` from `s3-upstream/lib-storage` is the other one */
  uploader?: Uploader | undefined
}

/** Options of the adapters that can hand the result on. */
export interface S3UploadOptions<Context extends UploadContext = UploadContext>
  extends StreamToS3Options<Context> {
  /** Whether to answer the request: 201 with the result, or the error as problem details. @default true */
  respond?: boolean | undefined
}
