import { parseAccept } from './accept-file.ts'
import { checkParams } from './object-params.ts'
import type { S3UploadOptions } from './options.ts'
import { MAX_PART_SIZE, MAX_S3_PARTS, MIN_PART_SIZE, partSizeFor } from './part-size.ts'
import { partWriter } from './part-writer.ts'
import { describe, formatSize, parseSize } from './sizes.ts'
import type { S3ClientLike, UploadContext } from './types.ts'
import type { Uploader } from './uploader.ts'

/** Options after they have been checked, every default filled in. Frozen. */
export type Settings = Readonly<ReturnType<typeof settle>>

type Given = { [Name in keyof S3UploadOptions]: unknown }

/**
 * Checks options once, where a route is made. A developer's mistake throws `TypeError` there, not in the middle
 * of somebody's upload. An option that is `undefined` has its default.
 */
export function resolveOptions<Context extends UploadContext>(
  bucketOrOptions: string | S3UploadOptions<Context>,
  options?: Omit<S3UploadOptions<Context>, 'bucket'>,
): Settings {
  const given =
    typeof bucketOrOptions === 'string' ? { ...options, bucket: bucketOrOptions } : bucketOrOptions
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`The bucket's name or an object of options is needed; got ${describe(given)}.`)
  }
  // Hooks are called with the context of the adapter that took them.
  return Object.freeze(settle(given as unknown as S3UploadOptions))
}

function settle(options: S3UploadOptions) {
  const given: Given = options
  const maxFileSize = parseSize(given.maxFileSize ?? '100MB', 'maxFileSize')
  const maxFiles = count(given.maxFiles ?? 10, 'maxFiles')
  const maxFields = count(given.maxFields ?? 100, 'maxFields', 0)
  const settings = {
    bucket: text(given.bucket, 'bucket'),
    client: options.client && client(options.client),
    key: hook(options.key, 'key'),
    prefix: given.prefix === undefined ? '' : text(given.prefix, 'prefix', true),
    params: params(options.params),
    accept: parseAccept(given.accept),
    maxFileSize,
    maxFiles,
    maxTotalSize: parseSize(given.maxTotalSize ?? maxFileSize * maxFiles, 'maxTotalSize'),
    maxFields,
    maxFieldSize: parseSize(given.maxFieldSize ?? '64KB', 'maxFieldSize'),
    maxFieldNameSize: parseSize(given.maxFieldNameSize ?? 100, 'maxFieldNameSize'),
    // Every file input may also come empty, without a file.
    maxParts: maxFields + 2 * maxFiles,
    partSize: partSize(given.partSize ?? MIN_PART_SIZE, maxFileSize),
    concurrency: count(given.concurrency ?? 4, 'concurrency'),
    onProgress: hook(options.onProgress, 'onProgress'),
    onError: hook(options.onError, 'onError'),
    signal: options.signal && signal(options.signal),
    uploader: uploader(options.uploader ?? partWriter),
    respond: flag(given.respond ?? true, 'respond'),
  }
  checkNames(given, settings)
  return settings
}

function checkNames(given: object, settings: object): void {
  const known = Object.keys(settings).filter(name => name !== 'maxParts')
  const unknown = Object.keys(given).filter(name => !known.includes(name))
  if (unknown.length > 0) {
    throw new TypeError(
      `Unknown option ${unknown.map(describe).join(', ')}. The options are ${known.join(', ')}.`,
    )
  }
}

function text(value: unknown, name: string, mayBeEmpty = false): string {
  if (typeof value === 'string' && (value !== '' || mayBeEmpty)) return value
  throw new TypeError(
    `${name} must be a text${mayBeEmpty ? '' : ' that is not empty'}; it is ${describe(value)}.`,
  )
}

function count(value: unknown, name: string, least = 1): number {
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number
  throw new TypeError(`${name} must be a whole number from ${least}; it is ${describe(value)}.`)
}

function flag(value: unknown, name: string): boolean {
  if (typeof value === 'boolean') return value
  throw new TypeError(`${name} must be true or false; it is ${describe(value)}.`)
}

function hook<Hook>(value: Hook | undefined, name: string): Hook | undefined {
  if (value === undefined || typeof value === 'function') return value
  throw new TypeError(`${name} must be a function; it is ${describe(value)}.`)
}

function partSize(value: unknown, maxFileSize: number): number {
  const size = parseSize(value, 'partSize')
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
  const fixed = Object.freeze({ ...checkParams(value) })
  return () => fixed
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

function uploader(value: Uploader): Uploader {
  if (typeof value?.stage === 'function') return value
  throw new TypeError(`uploader must be an Uploader, such as libStorage() called; it is ${describe(value)}.`)
}
