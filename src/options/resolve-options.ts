import { sizeClass } from '../memory/buffer-pool.ts'
import type { FieldRules } from '../policy/field-rules.ts'
import type { Limits } from '../shared/limits.ts'
import { describe, formatSize, KiB, MiB } from '../shared/sizes.ts'
import { MAX_S3_PARTS } from '../storage/s3-part-size.ts'
import { superviseUploader } from '../storage/supervised-uploader.ts'
import { resolveFieldRules } from './field-rules.ts'
import { type CheckedOptions, OPTIONS, type Option } from './option-table.ts'

/** Options after all checks, with every default and every derived limit. Frozen. */
export interface ResolvedOptions extends CheckedOptions, Limits {
  /** Bytes of the largest file in any field. */
  readonly maxFileSize: number
  readonly fieldRules: FieldRules
}

/** The headers of one form part, its boundary (at most 70 characters, RFC 2046) and its line ends. */
const MAX_PART_HEADER_BYTES = 16 * KiB + 80

/**
 * Checks the options and fills in the defaults. Runs once, when the application creates a route, so that a mistake of
 * the developer throws `TypeError` there. An option that is `undefined` has its default.
 */
export function resolveOptions(bucketOrOptions: unknown, options: object = {}): ResolvedOptions {
  const given =
    typeof bucketOrOptions === 'string' ? { ...options, bucket: bucketOrOptions } : bucketOrOptions
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`Pass a bucket name or an object of options, not ${describe(given)}.`)
  }
  checkNames(given)
  const checked = checkEach(given as object as Record<string, unknown>)
  const fieldRules = resolveFieldRules(checked, largestFile(checked))
  checkMemory(checked)
  return freeze(Object.assign(checked, derive(checked, fieldRules)))
}

function checkNames(given: object): void {
  const unknown = Object.keys(given).filter(name => !Object.hasOwn(OPTIONS, name))
  if (unknown.length > 0) {
    throw new TypeError(
      `Unknown option ${unknown.map(describe).join(', ')}. The options are ${Object.keys(OPTIONS).join(', ')}.`,
    )
  }
}

function checkEach(given: Record<string, unknown>): CheckedOptions {
  // A dictionary from the start: V8 would make one of `{}` while it grows.
  const checked: Record<string, unknown> = Object.create(null)
  for (const [name, option] of Object.entries<Option>(OPTIONS)) {
    const value = given[name] === undefined ? defaultOf(option, checked) : given[name]
    checked[name] = option.check(value, name)
  }
  return checked as CheckedOptions
}

function defaultOf(option: Option, above: Record<string, unknown>): unknown {
  return typeof option.default === 'function' ? option.default(above) : option.default
}

/** Without this check, an upload would wait forever for a part buffer larger than the budget. */
function checkMemory(options: CheckedOptions): void {
  const { partSize, memoryBudget } = options
  if (!isPartWriter(options) || sizeClass(partSize) <= memoryBudget.size) return
  throw new TypeError(
    `memoryBudget must hold at least one S3 part of ${formatSize(partSize)}; it is ${formatSize(memoryBudget.size)}.`,
  )
}

function derive(options: CheckedOptions, fieldRules: FieldRules) {
  const { maxFields, maxFieldSize, maxFieldsSize, maxFiles, maxTotalSize } = options
  const { uploader, storageTimeout } = options
  // Every file input can also arrive empty, without a file.
  const maxParts = maxFields + 2 * maxFiles
  const maxFieldBytes = Math.min(maxFields * maxFieldSize, maxFieldsSize)
  return {
    maxFileSize: fieldRules.largestFile,
    fieldRules,
    uploader: isPartWriter(options) ? uploader : superviseUploader(uploader, storageTimeout),
    maxParts,
    maxRequestSize: maxTotalSize + maxFieldBytes + (maxParts + 1) * MAX_PART_HEADER_BYTES,
  }
}

/**
 * Returns a frozen copy with a hidden class that all resolved options share. V8 makes a slow dictionary of an object
 * that gains this many names one by one, and each frozen dictionary has its own hidden class. `Object.fromEntries`
 * makes no dictionary.
 */
function freeze<Values extends object>(values: Values): Readonly<Values> {
  return Object.freeze(Object.fromEntries(Object.entries(values)) as Values)
}

/** The S3 parts of a larger file would not fit into the budget: 2.4 TB for 256 MB. */
function largestFile(options: CheckedOptions): number {
  if (!isPartWriter(options)) return Number.POSITIVE_INFINITY
  return Math.floor(options.memoryBudget.size / MiB) * MiB * MAX_S3_PARTS
}

function isPartWriter({ uploader }: CheckedOptions): boolean {
  return uploader === OPTIONS.uploader.default
}
