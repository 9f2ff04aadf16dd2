import { processBudget } from '../memory/memory-budget.ts'
import { parseAccept } from '../policy/accept.ts'
import { checkBucketName } from '../policy/bucket-name.ts'
import { MiB, parseSize } from '../shared/sizes.ts'
import { partWriter } from '../storage/part-writer.ts'
import {
  checkBoolean,
  checkClient,
  checkCount,
  checkFunction,
  checkIfExists,
  checkParamsOption,
  checkPartSize,
  checkSignal,
  checkString,
  checkTime,
  checkUploader,
  optional,
  toMemoryBudget,
} from './checks.ts'
import type { S3UploadOptions } from './options.ts'

/** One option: its default, its check and its row in README. */
export interface Option {
  /** The value of a missing option. A function computes it from the options above it in the table. */
  readonly default?: unknown
  /** The default as README shows it, if `default` is not a literal. Markdown. */
  readonly defaultText?: string
  /** Returns the value that the upload uses. Throws `TypeError` for a wrong value. */
  check(value: unknown, name: string): unknown
  /** The description in README: one line of Markdown. */
  readonly doc: string
}

export type OptionName = keyof S3UploadOptions
type Hook<Name extends OptionName> = NonNullable<S3UploadOptions[Name]>

/** Every option, in the order of README. Names, defaults, checks and descriptions stand only here. */
export const OPTIONS = {
  bucket: {
    defaultText: '',
    check: checkBucketName,
    doc: 'Name, alias or ARN of the bucket or access point. Required.',
  },
  client: {
    defaultText: 'one `S3Client` per process, configured from the environment',
    check: optional(checkClient),
    doc: 'An `S3Client` from `@aws-sdk/client-s3`. The library never modifies it.',
  },
  key: {
    defaultText: 'a UUID, with an extension that matches the type',
    check: optional(checkFunction<Hook<'key'>>),
    doc: '`(file, context) => string`, sync or async. The object key, at most 1,024 bytes with `prefix`.',
  },
  prefix: {
    default: '',
    defaultText: 'none',
    check: checkString,
    doc: "Added in front of every key, unchanged: `'uploads/'`.",
  },
  params: {
    default: {},
    defaultText: '`ContentType` as declared',
    check: checkParamsOption,
    doc: 'More PutObject parameters: an object, or `(file, context) => object`, sync or async. Must be ASCII; names in `ContentDisposition` are encoded.',
  },
  ifExists: {
    default: 'overwrite',
    check: checkIfExists,
    doc: "`'fail'` never replaces an object: 409, also when two uploads race. Needs a [store](docs/providers.md) with conditional writes.",
  },
  validate: {
    defaultText: 'none',
    check: optional(checkFunction<Hook<'validate'>>),
    doc: "`({ files, fields }, context) => void`, sync or async. Runs after the form is read and before any object is visible. Throw to reject the upload: 422, or the error's own 4xx `status`; [outages and bugs](docs/errors.md#errors-of-hooks) are a 500.",
  },
  accept: {
    defaultText: 'all',
    check: optional(parseAccept),
    doc: "Declared media types to accept: `'image/*'`, `['image/png', 'application/pdf']`. Others fail with 415.",
  },
  maxFileSize: {
    default: '100MB',
    check: parseSize,
    doc: 'Maximum bytes per file. One byte more fails with 413, and nothing is stored.',
  },
  maxFiles: {
    default: 10,
    check: checkCount(1),
    doc: 'Maximum files per form.',
  },
  maxTotalSize: {
    default: ({ maxFiles, maxFileSize }: { maxFiles: number; maxFileSize: number }) => maxFiles * maxFileSize,
    defaultText: '`maxFiles` × `maxFileSize`',
    check: parseSize,
    doc: 'Maximum bytes of all files of a form.',
  },
  maxFields: {
    default: 100,
    check: checkCount(0),
    doc: 'Maximum fields that are not files.',
  },
  maxFieldSize: {
    default: '64KB',
    check: parseSize,
    doc: "Maximum bytes of a field's value.",
  },
  maxFieldNameSize: {
    default: 100,
    check: parseSize,
    doc: "Maximum bytes of a field's name, including file fields.",
  },
  maxFieldsSize: {
    default: ({ maxFieldSize }: { maxFieldSize: number }) => Math.max(MiB, maxFieldSize),
    defaultText: "`'1MB'`, or `maxFieldSize` if that is more",
    check: parseSize,
    doc: 'Maximum bytes of the names and values of all fields of a form.',
  },
  partSize: {
    default: '5MB',
    check: checkPartSize,
    doc: 'Minimum S3 part size. Grows so that `maxFileSize` fits into 10,000 parts.',
  },
  concurrency: {
    default: 4,
    check: checkCount(1),
    doc: 'Maximum concurrent S3 requests per upload.',
  },
  maxS3Requests: {
    defaultText: "4/5 of the client's sockets (40)",
    check: optional(checkCount(1)),
    doc: 'Maximum concurrent S3 requests of all uploads that share a client. The upload that has waited longest sends next.',
  },
  memoryBudget: {
    default: processBudget,
    defaultText: "`'256MB'` per process, or ¼ of its memory if less",
    check: toMemoryBudget,
    doc: 'Maximum memory for the part buffers and fields of all uploads. Uploads queue when it is used up. A size applies to this route only; `createMemoryBudget()` is for several routes: [performance.md](docs/performance.md).',
  },
  unsignedPayload: {
    defaultText: '`true` over https, if the SDK sends a checksum',
    check: optional(checkBoolean),
    doc: 'Excludes the bytes from the signature. Saves a quarter of the CPU time.',
  },
  idleTimeout: {
    default: '30s',
    check: checkTime,
    doc: "Fails with 408 if no data arrives for this long while the server is reading. Milliseconds or `'30s'`.",
  },
  minRate: {
    default: '16KB',
    check: parseSize,
    doc: 'Minimum bytes per second from a client that holds memory while other uploads wait for it, averaged over `idleTimeout`. A slower upload fails with 408. `0` allows every rate.',
  },
  storageTimeout: {
    default: '120s',
    check: checkTime,
    doc: "Maximum time of one S3 request, including the SDK's retries. Fails with 504.",
  },
  maxDrainSize: {
    default: '2GB',
    check: parseSize,
    doc: 'Maximum bytes of a rejected request that are read and dropped, so that the client sees the response: [what that costs](docs/reliability.md#rejected-requests).',
  },
  drainTimeout: {
    default: '30s',
    check: checkTime,
    doc: 'Closes the connection of a rejected request that still sends after this time. It also ends after 5 seconds without a byte.',
  },
  uploader: {
    default: partWriter,
    defaultText: 'the part writer',
    check: checkUploader,
    doc: "`libStorage()` from `s3-upstream/lib-storage` stores with AWS's `Upload` instead.",
  },
  onProgress: {
    defaultText: 'none',
    check: optional(checkFunction<Hook<'onProgress'>>),
    doc: '`({ file, received, stored }, context) => void`. Bytes of one file received and stored.',
  },
  onError: {
    defaultText: 'prints server and S3 errors',
    check: optional(checkFunction<Hook<'onError'>>),
    doc: '`(error, context) => void`. Called for every failed upload.',
  },
  signal: {
    defaultText: 'none',
    check: optional(checkSignal),
    doc: 'An `AbortSignal`. Aborting it ends running uploads with 503 and removes what they have stored.',
  },
  respond: {
    default: true,
    check: checkBoolean,
    doc: '`false` passes the result on instead of responding (Express and Koa).',
  },
} satisfies Record<OptionName, Option>

/** The values of all options after their checks. */
export type CheckedOptions = {
  readonly [Name in OptionName]: ReturnType<(typeof OPTIONS)[Name]['check']>
}
