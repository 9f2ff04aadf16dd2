import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { createLender, type Lender } from '../memory/memory-budget.ts'
import type { Disposition } from '../policy/disposition.ts'
import { checkParams } from '../policy/object-params.ts'
import { parseDuration } from '../shared/durations.ts'
import { describe, formatSize, parseSize } from '../shared/sizes.ts'
import { DIGEST_ALGORITHMS, type DigestAlgorithm, type S3ClientLike } from '../shared/types.ts'
import { MAX_PART_SIZE, MIN_PART_SIZE } from '../storage/s3-part-size.ts'
import type { Uploader } from '../storage/uploader.ts'
import type { S3UploadOptions } from './options.ts'

// One check per kind of option. Each returns the value that the upload uses, or throws `TypeError`.

type Check<Value> = (value: unknown, name: string) => Value

/** Skips the check of an option that is missing and has no default. */
export function optional<Value>(check: Check<Value>): Check<Value | undefined> {
  return (value, name) => (value === undefined ? undefined : check(value, name))
}

export function checkString(value: unknown, name: string): string {
  if (typeof value === 'string') return value
  throw new TypeError(`${name} must be a string; it is ${describe(value)}.`)
}

export function checkBoolean(value: unknown, name: string): boolean {
  if (typeof value === 'boolean') return value
  throw new TypeError(`${name} must be true or false; it is ${describe(value)}.`)
}

export function checkFunction<Hook>(value: unknown, name: string): Hook {
  if (typeof value === 'function') return value as Hook
  throw new TypeError(`${name} must be a function; it is ${describe(value)}.`)
}

/** Returns a check for integers from `min`. */
export function checkCount(min: number): Check<number> {
  return (value, name) => {
    if (Number.isSafeInteger(value) && (value as number) >= min) return value as number
    throw new TypeError(`${name} must be an integer of at least ${min}; it is ${describe(value)}.`)
  }
}

/** Maximum delay of a Node timer. A longer one fires immediately. */
const MAX_TIMER_MS = 2 ** 31 - 1

export function checkTime(value: unknown, name: string): number {
  return Math.min(MAX_TIMER_MS, parseDuration(value, name))
}

export function checkPartSize(value: unknown, name: string): number {
  const size = parseSize(value, name)
  if (size >= MIN_PART_SIZE && size <= MAX_PART_SIZE) return size
  throw new TypeError(
    `${name} must be between ${formatSize(MIN_PART_SIZE)} and ${formatSize(MAX_PART_SIZE)}; it is ${formatSize(size)}.`,
  )
}

/** Returns each algorithm once. Throws for one that this Node does not have: OpenSSL can be built without it. */
export function checkDigest(value: unknown, name: string): readonly DigestAlgorithm[] {
  const algorithms = typeof value === 'string' ? [value] : value
  if (!Array.isArray(algorithms) || algorithms.length === 0) throw invalidDigest(value, name)
  for (const algorithm of algorithms) if (!isSupported(algorithm)) throw invalidDigest(algorithm, name)
  return Object.freeze([...new Set<DigestAlgorithm>(algorithms)])
}

function isSupported(algorithm: unknown): algorithm is DigestAlgorithm {
  if (!(DIGEST_ALGORITHMS as readonly unknown[]).includes(algorithm)) return false
  try {
    return createHash(algorithm as DigestAlgorithm) !== undefined
  } catch {
    return false
  }
}

function invalidDigest(value: unknown, name: string): TypeError {
  const supported = DIGEST_ALGORITHMS.filter(isSupported).map(describe)
  return new TypeError(`${name} must be one or several of ${supported.join(', ')}; it is ${describe(value)}.`)
}

export function checkDisposition(value: unknown, name: string): Disposition {
  if (value === 'inline' || value === 'attachment') return value
  throw new TypeError(`${name} must be 'inline' or 'attachment'; it is ${describe(value)}.`)
}

/** https://standardschema.dev */
export function checkSchema(value: unknown, name: string): StandardSchemaV1<unknown, unknown> {
  const { validate } = Object(Object(value)['~standard']) as { validate?: unknown }
  if (typeof validate === 'function') return value as StandardSchemaV1<unknown, unknown>
  throw new TypeError(
    `${name} must be a Standard Schema, such as an object schema of Zod, Valibot or ArkType; it is ${describe(value)}.`,
  )
}

export function checkIfExists(value: unknown, name: string): 'overwrite' | 'fail' {
  if (value === 'overwrite' || value === 'fail') return value
  throw new TypeError(`${name} must be 'overwrite' or 'fail'; it is ${describe(value)}.`)
}

type ParamsOption = NonNullable<S3UploadOptions['params']>

/** Copies an object of parameters, so that later changes by the application have no effect. */
export function checkParamsOption(value: unknown, name: string): ParamsOption {
  if (typeof value === 'function') return value as ParamsOption
  return Object.freeze({ ...checkParams(value, name) })
}

export function checkClient(value: unknown, name: string): S3ClientLike {
  const { send, config, putObject } = Object(value) as Record<string, unknown>
  if (typeof send === 'function' && typeof config === 'object') return value as S3ClientLike
  if (typeof putObject === 'function') {
    throw new TypeError(
      `${name} is from AWS SDK v2 (aws-sdk), which is not supported. ` +
        'Use an S3Client from SDK v3: npm install @aws-sdk/client-s3.',
    )
  }
  throw new TypeError(`${name} must be an S3Client from @aws-sdk/client-s3; it is ${describe(value)}.`)
}

export function checkSignal(value: unknown, name: string): AbortSignal {
  if (value instanceof AbortSignal) return value
  throw new TypeError(`${name} must be an AbortSignal; it is ${describe(value)}.`)
}

/** Returns a given budget as it is, and a new one for a size. */
export function toMemoryBudget(value: unknown, name: string): Lender {
  if (typeof (value as Lender | null)?.borrow === 'function') return value as Lender
  return createLender(parseSize(value, name))
}

export function checkUploader(value: unknown, name: string): Uploader {
  if (typeof (value as Uploader | null)?.open === 'function') return value as Uploader
  if (typeof (value as { stage?: unknown } | null)?.stage === 'function') {
    throw new TypeError(
      `${name}.open() is missing; stage() is now a method of the object that open(target, scope) returns (CHANGELOG.md).`,
    )
  }
  throw new TypeError(`${name} must be an uploader, such as libStorage(); it is ${describe(value)}.`)
}

export function checkResponse(value: unknown, name: string): ServerResponse {
  const { setHeader, end } = Object(value) as Partial<ServerResponse>
  if (typeof setHeader === 'function' && typeof end === 'function') return value as ServerResponse
  throw new TypeError(
    `${name} must be a ServerResponse, such as res in Express or ctx.res in Koa; it is ${describe(value)}.`,
  )
}
