import { sizeClass } from '../memory/buffer-pool.ts'
import { createLender, type Lender, processBudget } from '../memory/memory-budget.ts'
import { parseAccept } from '../policy/accept.ts'
import { checkParams } from '../policy/object-params.ts'
import { type Duration, parseDuration } from '../shared/durations.ts'
import { describe, formatSize, KiB, MiB, parseSize, type Size } from '../shared/sizes.ts'
import type { S3ClientLike, UploadContext } from '../shared/types.ts'
import { partWriter } from '../storage/part-writer.ts'
import { MAX_PART_SIZE, MAX_S3_PARTS, MIN_PART_SIZE, partSizeFor } from '../storage/s3-part-size.ts'
import type { Uploader } from '../storage/uploader.ts'
import type { S3UploadOptions } from './options.ts'

/** Options after they have been checked, every default filled in, and what follows from them. Frozen. */
export type Settings = Readonly<ReturnType<typeof settle> & ReturnType<typeof derive>>

/** The head of a part: the parser refuses a larger one. The boundary (RFC 2046: 70 characters) comes on top. */
const PART_HEAD = 16 * KiB + 80

/**
 * Checks options once, where a route is made. A developer's mistake throws `TypeError` there, not in the middle
 * of somebody's upload. An option that is `undefined` has its default.
 */
export function resolveOptions<Context extends UploadContext>(
  bucketOrOptions: string | S3UploadOptions<Context>,
  options: Omit<S3UploadOptions<Context>, 'bucket'> = {},
): Settings {
  const given =
    typeof bucketOrOptions === 'string' ? { ...options, bucket: bucketOrOptions } : bucketOrOptions
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`The bucket's name or an object of options is needed; got ${describe(given)}.`)
  }
  // Hooks are called with the context of the adapter that took them.
  const settings = settle(given as unknown as S3UploadOptions)
  checkNames(given, settings)
  checkMemory(settings)
  return Object.freeze(Object.assign(settings, derive(settings)))
}

function settle(options: S3UploadOptions) {
  const maxFileSize = size(options.maxFileSize, 'maxFileSize', '100MB')
  const maxFiles = count(options.maxFiles, 'maxFiles', 10)
  return {
    bucket: text(options.bucket, 'bucket'),
    client: options.client === undefined ? undefined : client(options.client),
    key: hook(options.key, 'key'),
    prefix: options.prefix === undefined ? '' : text(options.prefix, 'prefix', true),
    params: params(options.params),
    ifExists: ifExists(options.ifExists),
    validate: hook(options.validate, 'validate'),
    accept: parseAccept(options.accept),
    maxFileSize,
    maxFiles,
    maxTotalSize: size(options.maxTotalSize, 'maxTotalSize', maxFileSize * maxFiles),
    maxFields: count(options.maxFields, 'maxFields', 100, 0),
    maxFieldSize: size(options.maxFieldSize, 'maxFieldSize', '64KB'),
    maxFieldNameSize: size(options.maxFieldNameSize, 'maxFieldNameSize', 100),
    partSize: partSize(size(options.partSize, 'partSize', MIN_PART_SIZE), maxFileSize),
    concurrency: count(options.concurrency, 'concurrency', 4),
    maxS3Requests:
      options.maxS3Requests === undefined ? undefined : count(options.maxS3Requests, 'maxS3Requests', 1),
    memoryBudget: memoryBudget(options.memoryBudget),
    unsignedPayload:
      options.unsignedPayload === undefined ? undefined : flag(options.unsignedPayload, 'unsignedPayload'),
    idleTimeout: time(options.idleTimeout, 'idleTimeout', '30s'),
    storageTimeout: time(options.storageTimeout, 'storageTimeout', '120s'),
    maxDrainSize: size(options.maxDrainSize, 'maxDrainSize', '16MB'),
    drainTimeout: time(options.drainTimeout, 'drainTimeout', '10s'),
    uploader: uploader(options.uploader === undefined ? partWriter : options.uploader),
    onProgress: hook(options.onProgress, 'onProgress'),
    onError: hook(options.onError, 'onError'),
    signal: options.signal === undefined ? undefined : signal(options.signal),
    respond: flag(options.respond === undefined ? true : options.respond, 'respond'),
  }
}

function derive(settings: ReturnType<typeof settle>) {
  const { maxFields, maxFieldSize, maxFiles, maxTotalSize, maxFileSize } = settings
  // Every file input may also come empty, without a file.
  const maxParts = maxFields + 2 * maxFiles
  return {
    maxFileSize: Math.min(maxFileSize, largestFile(settings)),
    maxParts,
    maxRequestSize: maxTotalSize + maxFields * maxFieldSize + (maxParts + 1) * PART_HEAD,
  }
}

/** A part of a larger file would not fit into the budget: from 2.4 TB on, with the budget of most processes. */
function largestFile({ uploader, memoryBudget }: ReturnType<typeof settle>): number {
  if (uploader !== partWriter) return Number.POSITIVE_INFINITY
  return Math.floor(memoryBudget.size / MiB) * MiB * MAX_S3_PARTS
}

/** A part that does not fit would be waited for without end. */
function checkMemory({ partSize, memoryBudget, uploader }: ReturnType<typeof settle>): void {
  if (uploader !== partWriter || sizeClass(partSize) <= memoryBudget.size) return
  throw new TypeError(
    `memoryBudget must have room for one S3 part of ${formatSize(partSize)}; it is ${formatSize(memoryBudget.size)}.`,
  )
}

function checkNames(given: object, settings: object): void {
  const known = Object.keys(settings)
  const unknown = Object.keys(given).filter(name => !known.includes(name))
  if (unknown.length > 0) {
    throw new TypeError(
      `Unknown option ${unknown.map(describe).join(', ')}. The options are ${known.join(', ')}.`,
    )
  }
}

function size(value: unknown, name: string, otherwise: Size): number {
  return parseSize(value === undefined ? otherwise : value, name)
}

/** What a timer of Node can wait for: longer ones fire at once. */
const LONGEST_TIMER = 2 ** 31 - 1

function time(value: unknown, name: string, otherwise: Duration): number {
  return Math.min(LONGEST_TIMER, parseDuration(value === undefined ? otherwise : value, name))
}

function text(value: unknown, name: string, mayBeEmpty = false): string {
  if (typeof value === 'string' && (value !== '' || mayBeEmpty)) return value
  throw new TypeError(
    `${name} must be a text${mayBeEmpty ? '' : ' that is not empty'}; it is ${describe(value)}.`,
  )
}

function count(value: unknown, name: string, otherwise: number, least = 1): number {
  if (value === undefined) return otherwise
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number
  throw new TypeError(`${name} must be a whole number from ${least}; it is ${describe(value)}.`)
}

function ifExists(value: unknown): 'overwrite' | 'fail' {
  if (value === undefined || value === 'overwrite') return 'overwrite'
  if (value === 'fail') return value
  throw new TypeError(`ifExists must be 'overwrite' or 'fail'; it is ${describe(value)}.`)
}

function flag(value: unknown, name: string): boolean {
  if (typeof value === 'boolean') return value
  throw new TypeError(`${name} must be true or false; it is ${describe(value)}.`)
}

function hook<Hook>(value: Hook | undefined, name: string): Hook | undefined {
  if (value === undefined || typeof value === 'function') return value
  throw new TypeError(`${name} must be a function; it is ${describe(value)}.`)
}

function partSize(size: number, maxFileSize: number): number {
  if (size < MIN_PART_SIZE || size > MAX_PART_SIZE) {
    throw new TypeError(
      `partSize must be from ${formatSize(MIN_PART_SIZE)} to ${formatSize(MAX_PART_SIZE)}; it is ${formatSize(size)}.`,
    )
  }
  if (partSizeFor(maxFileSize, size) > MAX_PART_SIZE) {
    throw new TypeError(
      `maxFileSize can be at most ${MAX_S3_PARTS} parts of ${formatSize(MAX_PART_SIZE)}; it is ${formatSize(maxFileSize)}.`,
    )
  }
  return size
}

function params(value: S3UploadOptions['params'] = {}) {
  if (typeof value === 'function') return value
  return Object.freeze({ ...checkParams(value) })
}

function client(value: S3ClientLike): S3ClientLike {
  if (typeof value?.send === 'function' && typeof value.config === 'object') return value
  if (typeof (value as { putObject?: unknown })?.putObject === 'function') {
    throw new TypeError(
      'client is a client of AWS SDK v2 (aws-sdk), which has ended. ' +
        "Give an S3Client of SDK v3: npm install @aws-sdk/client-s3, import { S3Client } from '@aws-sdk/client-s3'.",
    )
  }
  throw new TypeError(`client must be an S3Client of @aws-sdk/client-s3; it is ${describe(value)}.`)
}

function signal(value: AbortSignal): AbortSignal {
  if (value instanceof AbortSignal) return value
  throw new TypeError(`signal must be an AbortSignal; it is ${describe(value)}.`)
}

function memoryBudget(value: S3UploadOptions['memoryBudget']): Lender {
  if (value === undefined) return processBudget
  if (typeof (value as Lender)?.borrow === 'function') return value as Lender
  return createLender(parseSize(value, 'memoryBudget'))
}

function uploader(value: Uploader): Uploader {
  if (typeof value?.open === 'function') return value
  if (typeof (value as { stage?: unknown } | null)?.stage === 'function') {
    throw new TypeError(
      'uploader.open() is missing; stage() is now a method of the object that open(target, scope) returns (CHANGELOG.md).',
    )
  }
  throw new TypeError(`uploader must be an Uploader, such as libStorage() called; it is ${describe(value)}.`)
}
