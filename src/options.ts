import type { Size } from './sizes.ts'
import type { IncomingFile, ObjectParams, S3ClientLike, UploadContext, UploadProgress } from './types.ts'
import type { Uploader } from './uploader.ts'

/** A size is a number of bytes or a text such as `'25MB'` (powers of 1024). */
export interface StreamToS3Options<Context extends UploadContext = UploadContext> {
  bucket: string
  /** @default one `S3Client` for the process, made with the first upload, set up from the environment */
  client?: S3ClientLike
  /** Names the object; `prefix` is put before it. At most 1,024 bytes in UTF-8. @default a UUID and an extension that fits the type */
  key?: (file: IncomingFile, context: Context) => string | Promise<string>
  /** Put before every key, as it is: `'avatars/'`. @default none */
  prefix?: string
  /** Further parameters of PutObject for each file. @default `ContentType` as the client declared it */
  params?: ObjectParams | ((file: IncomingFile, context: Context) => ObjectParams | Promise<ObjectParams>)
  /** Declared media types to take: `'image/*'`, `['image/png', 'application/pdf']`. @default all */
  accept?: string | readonly string[]
  /** Bytes of one file. Refused with 413, and never stored, from one byte more. @default '100MB' */
  maxFileSize?: Size
  /** @default 10 */
  maxFiles?: number
  /** Bytes of all files of a form together. @default maxFiles × maxFileSize */
  maxTotalSize?: Size
  /** Fields that are not files. @default 100 */
  maxFields?: number
  /** Bytes of one field's value. @default '64KB' */
  maxFieldSize?: Size
  /** Bytes of a field's name, for files too. @default 100 */
  maxFieldNameSize?: Size
  /** Smallest size of an S3 part; grows so that `maxFileSize` fits into 10,000 parts. From 5 MB. @default '5MB' */
  partSize?: Size
  /** S3 requests that one upload has in flight at once. @default 4 */
  concurrency?: number
  /** Called for every chunk received and every S3 part stored: keep it short. What it throws fails the upload. */
  onProgress?: (progress: UploadProgress, context: Context) => void
  /**
   * Sees the error of every failed upload, for logs and metrics; what it throws is ignored, with a warning.
   * @default none. Where the adapter answers, faults of the server and of S3 are then printed with `console.error`
   */
  onError?: (error: unknown, context: Context) => void
  /** Aborting it ends uploads in flight with 503 and removes what they had brought to S3. */
  signal?: AbortSignal
  /** How bytes get to S3. @default the part writer; `libStorage()` from `s3-upstream/lib-storage` is the other one */
  uploader?: Uploader
}

/** Options of the adapters that can hand the result on. */
export interface S3UploadOptions<Context extends UploadContext = UploadContext>
  extends StreamToS3Options<Context> {
  /** Whether to answer the request: 201 with the result, or the error as problem details. @default true */
  respond?: boolean
}
