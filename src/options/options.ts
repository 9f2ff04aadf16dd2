import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { MemoryBudget } from '../memory/memory-budget.ts'
import type { Duration } from '../shared/durations.ts'
import type { Size } from '../shared/sizes.ts'
import type {
  DigestAlgorithm,
  Fields,
  FormResult,
  IncomingFile,
  ObjectParams,
  OnFileResult,
  PeekedFile,
  S3ClientLike,
  UploadContext,
  UploadProgress,
  UploadResult,
} from '../shared/types.ts'
import type { Uploader } from '../storage/uploader.ts'
import type { FileCounts } from './file-counts.ts'

/**
 * Options of an upload. A size is a number of bytes or a string such as `'25MB'` (powers of 1024); a time is a number
 * of milliseconds or a string such as `'30s'`. An explicit `undefined` means the default. A wrong option throws
 * `TypeError`.
 */
export interface StreamToS3Options<
  Context extends UploadContext = UploadContext,
  Output = Fields,
  Name extends string = string,
  Body = unknown,
> {
  /**
   * Name of the bucket; an access point's alias or ARN. A URL or a path throws `TypeError`. A name with upper case emits
   * a process warning.
   */
  bucket: string
  /**
   * The client that sends the requests to S3. The library never modifies it.
   * @default one `S3Client` per process, configured from the environment
   */
  client?: S3ClientLike | undefined
  /**
   * Returns the key of the object, without `prefix`. Both together have at most 1,024 bytes in UTF-8; an invalid key
   * fails with 500 `INVALID_KEY`, and the same key for two files of a form with 409 `DUPLICATE_KEY`.
   * @default a UUID, with an extension that matches the type
   */
  key?: ((file: IncomingFile<Name>, context: Context) => string | Promise<string>) | undefined
  /**
   * Added in front of every key, unchanged: `'avatars/'`.
   * @default none
   */
  prefix?: string | undefined
  /**
   * More parameters of PutObject: for all files, or for each file. The bucket, the key, the body, its length and its
   * checksums are not allowed. Values are sent as headers, so they must be ASCII without line breaks. Other characters
   * in `ContentDisposition` are encoded (RFC 6266); in any other parameter, also in the names and values of `Metadata`,
   * they throw `TypeError` before S3 receives a byte of the file: 500 if the hook returned them.
   * @default `ContentType`: the file's type
   */
  params?:
    | (ObjectParams | ((file: IncomingFile<Name>, context: Context) => ObjectParams | Promise<ObjectParams>))
    | undefined
  /**
   * The `ContentDisposition` of every object, with the file's name (RFC 6266). HTML, XHTML, SVG, XML and scripts run code
   * in the origin that serves them, so they are always an attachment. `ContentDisposition` in `params` replaces both.
   * @default `attachment` for HTML, SVG, XML and scripts, else none
   */
  disposition?: 'inline' | 'attachment' | undefined
  /**
   * `'fail'` never replaces an existing object: the upload fails with 409 `ALREADY_EXISTS` and stores nothing, also
   * when two uploads race. Requires a store with conditional writes (docs/providers.md).
   * @default 'overwrite'
   */
  ifExists?: 'overwrite' | 'fail' | undefined
  /**
   * Runs when the first bytes of a file have arrived, before every other hook, and only if `accept` and `files` allow the
   * file. Sees its type, the declared type and `file.head`. If it throws, the upload fails, as with `validate`. If it
   * returns `{ skip: true }`, the bytes of this file are read and dropped, and the result lists the file in `skipped`. They
   * still count for the limits. Any other value than `undefined` is a `TypeError`: 500.
   * @default none
   */
  onFile?: ((file: PeekedFile<Name>, context: Context) => OnFileResult | Promise<OnFileResult>) | undefined
  /**
   * Runs after the whole form is read and before any object is visible. If it throws, nothing is stored. The same rule
   * applies to `onFile`, `key`, `params` and `onProgress`: an error with a 4xx `status` keeps this status. Another `Error` becomes
   * 422 `REFUSED` with its message. Outages (`code`, `errno`, `$metadata`, `response`, … in the error or its causes) and
   * bugs, such as `TypeError`, are a 500 that the client sees no message of.
   * @default none
   */
  validate?: ((form: FormResult<Output, Name>, context: Context) => unknown) | undefined
  /**
   * Runs once every object is stored, before the response: the place to write to a database. What it returns is the JSON
   * body of the 201; `undefined` keeps the default body. If it throws, every object is removed again, and the client gets
   * the error, as with `validate`. Nothing else undoes the upload once it runs: no disconnect, no `signal`, no time limit. A
   * value without a JSON form only emits a process warning, and the body is the default one. With `respond: false` and
   * `streamToS3()`, what it returns has no effect.
   * @default none
   */
  onStored?: ((result: UploadResult<Output, Name>, context: Context) => Body | Promise<Body>) | undefined
  /**
   * Types of files to accept, judged by the first 4,100 bytes: media types and extensions, such as `'image/*'` or
   * `['application/pdf', '.csv']`, or sizes by type, such as `{ 'image/*': '4MB', 'video/*': '256MB' }`. Other files fail
   * with 415 `TYPE_NOT_ACCEPTED` before S3 receives a byte of them. An asterisk on both sides of the slash accepts unknown
   * types too.
   * @default all
   */
  accept?: AcceptOption | undefined
  /**
   * `true` detects the type of each file from its first 4,100 bytes, as `accept` does. The detected type is `file.type` and
   * the object's `ContentType`; `application/octet-stream` if it is unknown. The declared type is `file.declaredType`.
   * @default false
   */
  detect?: boolean | undefined
  /**
   * Rules for the files of each form field. A file in another field fails with 400 `UNEXPECTED_FILE`. What a field does not
   * say, the route says.
   * @default every field takes files
   */
  files?: { readonly [Field in Name]: FileRules<Context> } | undefined
  /**
   * Digests of each whole file, made while its bytes pass: `file.digests.sha256` in hex, in `validate` and in the result.
   * @default none
   */
  digest?: DigestAlgorithm | readonly DigestAlgorithm[] | undefined
  /**
   * Maximum bytes per file. One byte more fails with 413 `FILE_TOO_LARGE`, and nothing is stored. A file is also
   * limited to 10,000 S3 parts of the size of `memoryBudget`: 2.4 TB for 256 MB.
   * @default '100MB'
   */
  maxFileSize?: Size | undefined
  /**
   * Minimum bytes per file. A smaller file fails with 400 `FILE_TOO_SMALL`, and nothing is stored.
   * @default 0
   */
  minFileSize?: Size | undefined
  /**
   * `false` rejects files without a byte with 400 `EMPTY_FILE`. A file input in which no file was chosen is no file.
   * @default true
   */
  allowEmpty?: boolean | undefined
  /**
   * Maximum files per form. More files fail with 413 `TOO_MANY_FILES`.
   * @default `10`, or the sum of `maxCount` in `files`
   */
  maxFiles?: number | undefined
  /**
   * Maximum bytes of all files of a form. One byte more fails with 413 `TOTAL_TOO_LARGE`.
   * @default the largest files that the other limits allow
   */
  maxTotalSize?: Size | undefined
  /**
   * Maximum fields that are not files. More fields fail with 413 `TOO_MANY_FIELDS`.
   * @default 100
   */
  maxFields?: number | undefined
  /**
   * Maximum bytes of a field's value. One byte more fails with 413 `FIELD_TOO_LARGE`.
   * @default '64KB'
   */
  maxFieldSize?: Size | undefined
  /**
   * Maximum bytes of a field's name, including file fields. One byte more fails with 413 `FIELD_NAME_TOO_LONG`.
   * @default 100
   */
  maxFieldNameSize?: Size | undefined
  /**
   * Maximum bytes of the names and values of all fields together, as received. One byte more fails with 413
   * `FIELDS_TOO_LARGE`.
   * @default `'1MB'`, or `maxFieldSize` if that is more
   */
  maxFieldsSize?: Size | undefined
  /**
   * A schema for the fields, by the Standard Schema interface: Zod, Valibot, ArkType and others. `fields` in the result and
   * in `validate` is its output. Fields that it refuses fail with 422 `INVALID_FIELDS` and at most 100 `issues`, and nothing
   * is stored. It gets an object without a prototype: strings, arrays of strings for repeated fields, and more with
   * `nestFields`. https://standardschema.dev
   * @default none
   */
  fields?: StandardSchemaV1<unknown, Output> | undefined
  /**
   * `true` makes objects and arrays of fields whose names have brackets, by the rules of qs: `address[city]`, `tags[]`,
   * `rows[0][id]`. At most 10 pairs of brackets; more fail with 422 `INVALID_FIELDS`.
   * @default false
   */
  nestFields?: boolean | undefined
  /**
   * `true` judges the fields when the first file begins, before anything of it is decided or stored. A field behind a file
   * fails with 400 `FIELD_AFTER_FILE`.
   * @default false
   */
  fieldsFirst?: boolean | undefined
  /**
   * Minimum bytes of an S3 part, except the last one of a file. At least 5 MB. Grows so that `maxFileSize` fits into
   * 10,000 parts.
   * @default '5MB'
   */
  partSize?: Size | undefined
  /**
   * Maximum concurrent S3 requests per upload. Requests that clean up do not count.
   * @default 4
   */
  concurrency?: number | undefined
  /**
   * Maximum concurrent S3 requests of all uploads that share a client. The upload that has waited longest sends next.
   * A request that waits longer than `storageTimeout` fails with 504 `STORAGE_TIMEOUT`.
   * @default 4/5 of the client's sockets (40)
   */
  maxS3Requests?: number | undefined
  /**
   * Maximum memory for the part buffers and the fields of all uploads, and 256 KB for each upload: a size for this
   * route alone, or a budget that several routes share (`createMemoryBudget()`). When it is used up, uploads queue in
   * order of arrival, and the server does not read them. An eighth is for buffers below 1 MB: small files never wait
   * behind large ones. `libStorage()` has its own buffers.
   * @default `'256MB'` per process, or ¼ of its memory if less
   */
  memoryBudget?: Size | MemoryBudget | undefined
  /**
   * `true` excludes the bytes of files from the signature of S3 requests, which saves a SHA-256 of every byte. Set
   * `false` if a bucket policy requires signed payloads.
   * @default `true` over https, if the SDK sends a checksum
   */
  unsignedPayload?: boolean | undefined
  /**
   * Fails with 408 `CLIENT_STALLED` if no data arrives for this long while the server is reading. If the server did
   * not read for longer than this, the client first gets the same time again, at most two minutes.
   * @default '30s'
   */
  idleTimeout?: Duration | undefined
  /**
   * Minimum bytes per second from a client, averaged over `idleTimeout`. Applies only while other uploads wait for
   * memory, and only to uploads that hold some. A slower upload fails with 408 `CLIENT_TOO_SLOW`. Time in which the
   * server does not read, because it waits for S3 or for memory, does not count. `0` allows every rate.
   * @default '16KB'
   */
  minRate?: Size | undefined
  /**
   * Maximum time of one call of `onFile`, `key`, `params`, `validate`, the schema in `fields`, or the function that returns
   * the options of a request. A slower one fails with 500 `HOOK_FAILED`, and nothing is stored. `onStored` has no limit.
   * @default '30s'
   */
  hookTimeout?: Duration | undefined
  /**
   * Maximum time of one S3 request, including the SDK's retries. A slower request fails with 504 `STORAGE_TIMEOUT`.
   * @default '120s'
   */
  storageTimeout?: Duration | undefined
  /**
   * Maximum bytes of a rejected request that are read and dropped, so that the client sees the response. Firefox and
   * Safari show no response before they have sent everything. The bytes cost network traffic, and no memory.
   * @default '2GB'
   */
  maxDrainSize?: Size | undefined
  /**
   * Closes the connection of a rejected request that still sends after this time. After 5 seconds without a byte, the
   * response ends, and with it the connection.
   * @default '30s'
   */
  drainTimeout?: Duration | undefined
  /**
   * Stores the bytes in S3. The alternative is `libStorage()` from `s3-upstream/lib-storage`.
   * @default the part writer
   */
  uploader?: Uploader | undefined
  /**
   * Called for every chunk received and every S3 part stored. An error that it throws fails the upload.
   * @default none
   */
  onProgress?: ((progress: UploadProgress, context: Context) => void) | undefined
  /**
   * Called with the error of every failed upload. `error.leftovers` lists what the upload could not remove. An error
   * that it throws only emits a process warning. Without `onError`, an adapter that responds prints errors of the
   * server and of S3 with `console.error`.
   * @default prints server and S3 errors
   */
  onError?: ((error: unknown, context: Context) => void) | undefined
  /**
   * Aborting it ends running uploads with 503 `CANCELLED` and removes what they have stored.
   * @default none
   */
  signal?: AbortSignal | undefined
}

/** Media types and extensions, or sizes by them. */
export type AcceptOption = string | readonly string[] | Readonly<Record<string, Size>>

/** Options that a field can have for itself. They have the meaning of the route's, which they replace. */
type FieldOption = 'accept' | 'allowEmpty' | 'key' | 'maxFileSize' | 'minFileSize' | 'params' | 'prefix'

/** Rules for the files of one form field. An option that is missing here is the route's. */
export type FileRules<Context extends UploadContext = UploadContext> = FileCounts &
  Pick<StreamToS3Options<Context>, FieldOption>

/** Options of the adapters that can pass the result on (Express and Koa). */
export interface S3UploadOptions<
  Context extends UploadContext = UploadContext,
  Output = Fields,
  Name extends string = string,
  Body = unknown,
> extends StreamToS3Options<Context, Output, Name, Body> {
  /**
   * `true` responds to the request: 201 with the result, or the error as problem details. `false` passes the result
   * or the error to the next handler.
   * @default true
   */
  respond?: boolean | undefined
}

/** Options that requests share. A budget, or a limit, for each request would bound nothing. */
export const SHARED_OPTIONS = ['memoryBudget', 'maxS3Requests', 'respond'] as const

type SharedOption = (typeof SHARED_OPTIONS)[number]

/**
 * Returns the options of one request. Called once, before a byte of the body is read. An error that it throws fails the
 * request, as with `validate`. What it does not say, the options of the route say.
 */
export type OptionsOfRequest<
  Context extends UploadContext,
  Output = Fields,
  Name extends string = string,
  Body = unknown,
> = (
  context: Omit<Context, 'fields'>,
) => OwnOptions<Context, Output, Name, Body> | Promise<OwnOptions<Context, Output, Name, Body>>

type OwnOptions<Context extends UploadContext, Output, Name extends string, Body> = Omit<
  StreamToS3Options<Context, Output, Name, Body>,
  SharedOption
> & { readonly [Shared in SharedOption]?: undefined }
