import { compileAccept } from '../content/accept.ts'
import { processBudget } from '../memory/memory-budget.ts'
import { checkBucketName } from '../policy/bucket-name.ts'
import { MiB, parseSize } from '../shared/sizes.ts'
import { partWriter } from '../storage/part-writer.ts'
import { checkFiles } from './check-files.ts'
import {
  checkBoolean,
  checkClient,
  checkCount,
  checkDigest,
  checkDisposition,
  checkFunction,
  checkIfExists,
  checkParamsOption,
  checkPartSize,
  checkSchema,
  checkSignal,
  checkString,
  checkTime,
  checkUploader,
  optional,
  toMemoryBudget,
} from './checks.ts'
import { defaultMaxFiles, defaultMaxTotalSize } from './field-rules.ts'
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
    defaultText: "`ContentType`: the file's type",
    check: checkParamsOption,
    doc: 'More PutObject parameters: an object, or `(file, context) => object`, sync or async. Must be ASCII; names in `ContentDisposition` are encoded.',
  },
  disposition: {
    defaultText: '`attachment` for HTML, SVG, XML and scripts, else none',
    check: optional(checkDisposition),
    doc: "`'inline'` or `'attachment'`: the `ContentDisposition` of every object, with the file's name. [Types that can run code](docs/files.md#safe-to-serve) are always an attachment, unless `params` says otherwise.",
  },
  ifExists: {
    default: 'overwrite',
    check: checkIfExists,
    doc: "`'fail'` never replaces an object: 409, also when two uploads race. Needs a [store](docs/providers.md) with conditional writes.",
  },
  onFile: {
    defaultText: 'none',
    check: optional(checkFunction<Hook<'onFile'>>),
    doc: '`(file, context) => void`, sync or async. The first hook: it sees the type and `file.head`, the first bytes. Throw to reject the upload, or return `{ skip: true }` to [skip](docs/files.md#look-at-a-file-first) the file.',
  },
  validate: {
    defaultText: 'none',
    check: optional(checkFunction<Hook<'validate'>>),
    doc: "`({ files, fields }, context) => void`, sync or async. Runs after the form is read and before any object is visible. Throw to reject the upload: 422, or the error's own 4xx `status`; [outages and bugs](docs/errors.md#errors-of-hooks) are a 500.",
  },
  onStored: {
    defaultText: 'none',
    check: optional(checkFunction<Hook<'onStored'>>),
    doc: '`(result, context) => body`, sync or async. Runs when every object is stored and before the response. Returns the JSON body of the 201. If it throws, the objects are removed: [one transaction with a database](docs/transactions.md).',
  },
  accept: {
    defaultText: 'all',
    check: optional(compileAccept),
    doc: "[Types](docs/files.md#types) to accept, judged by the first bytes: `'image/*'`, `['application/pdf', '.csv']`, with sizes `{ 'image/*': '4MB' }`. Others fail with 415.",
  },
  detect: {
    default: false,
    check: checkBoolean,
    doc: '`true` detects the type of each file without `accept`. It becomes `file.type` and `ContentType`; the declared one is `file.declaredType`.',
  },
  files: {
    defaultText: 'every field takes files',
    check: optional(checkFiles),
    doc: "[Rules by field](docs/files.md#a-contract-for-every-field): `{ avatar: { required: true, maxCount: 1, accept: 'image/*' } }`. Each can have `required`, `minCount`, `maxCount`, `minFileSize`, `maxFileSize`, `allowEmpty`, `accept`, `key`, `params`, `prefix`. Other fields take no files.",
  },
  digest: {
    defaultText: 'none',
    check: optional(checkDigest),
    doc: "`'sha256'`, or `['sha256', 'md5']`: `file.digests` of each whole file, in hex.",
  },
  maxFileSize: {
    default: '100MB',
    check: parseSize,
    doc: 'Maximum bytes per file. One byte more fails with 413, and nothing is stored.',
  },
  minFileSize: {
    default: 0,
    check: parseSize,
    doc: 'Minimum bytes per file. A smaller file fails with 400, and nothing is stored.',
  },
  allowEmpty: {
    default: true,
    check: checkBoolean,
    doc: '`false` rejects files without a byte: 400.',
  },
  maxFiles: {
    default: defaultMaxFiles,
    defaultText: '`10`, or the sum of `maxCount` in `files`',
    check: checkCount(1),
    doc: 'Maximum files per form.',
  },
  maxTotalSize: {
    default: defaultMaxTotalSize,
    defaultText: 'the largest files that the other limits allow',
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
  fields: {
    defaultText: 'none',
    check: optional(checkSchema),
    doc: 'A [Standard Schema](https://standardschema.dev) for the fields: Zod, Valibot, ArkType, … `result.fields` is its output. Fields that it refuses fail with 422 and its issues: [fields.md](docs/fields.md).',
  },
  nestFields: {
    default: false,
    check: checkBoolean,
    doc: 'Makes objects and arrays of fields with names such as `address[city]` and `tags[]`.',
  },
  fieldsFirst: {
    default: false,
    check: checkBoolean,
    doc: 'Judges the fields when the first file begins, before anything of it is stored. A field behind a file fails with 400.',
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
  hookTimeout: {
    default: '30s',
    check: checkTime,
    doc: 'Maximum time of one call of a hook, except `onStored`. Fails with 500.',
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
