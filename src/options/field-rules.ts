import { MAX_HEAD_BYTES } from '../content/detect-type.ts'
import type { FieldRule, FieldRules } from '../policy/field-rules.ts'
import { describe, formatSize } from '../shared/sizes.ts'
import { MAX_PART_SIZE, MAX_S3_PARTS, partSizeFor } from '../storage/s3-part-size.ts'
import type { CheckedRules } from './check-files.ts'

/** The options of a route that matter here, after their checks. */
export interface RouteRules
  extends Pick<
    FieldRule,
    'accept' | 'allowEmpty' | 'key' | 'maxFileSize' | 'minFileSize' | 'params' | 'prefix'
  > {
  readonly files: ReadonlyMap<string, CheckedRules> | undefined
  readonly detect: boolean
  readonly onFile: unknown
  readonly maxFiles: number
  readonly maxFieldNameSize: number
  /** Bytes. */
  readonly partSize: number
}

/** Files per form, unless `files` says how many each field takes. */
const DEFAULT_MAX_FILES = 10

const NO_RULES: Partial<CheckedRules> = Object.freeze({})

/** Returns the default of `maxFiles`. */
export function defaultMaxFiles({ files }: Pick<RouteRules, 'files'>): number {
  const counts = [...(files?.values() ?? [])].map(({ maxCount }) => maxCount)
  if (files === undefined || counts.includes(undefined)) return DEFAULT_MAX_FILES
  return Math.max(
    1,
    counts.reduce<number>((sum, count = 0) => sum + count, 0),
  )
}

/** The options that determine the size of the files of a form. */
type SizeOptions = Pick<RouteRules, 'accept' | 'files' | 'maxFileSize' | 'maxFiles'>

/** Returns the default of `maxTotalSize`: as many of the largest files as the form can have. */
export function defaultMaxTotalSize(options: SizeOptions): number {
  const { files, maxFiles } = options
  if (files === undefined) return maxFiles * largestFile(NO_RULES, options)
  let remaining = maxFiles
  let total = 0
  const fields = [...files.values()].map(rules => ({ rules, size: largestFile(rules, options) }))
  for (const { rules, size } of fields.sort((a, b) => b.size - a.size)) {
    const count = Math.min(rules.maxCount ?? maxFiles, remaining)
    remaining -= count
    total += count * size
  }
  return total
}

/** A size of a type replaces that of the field, which replaces that of the route. */
function largestFile(rules: Partial<CheckedRules>, options: SizeOptions): number {
  const accept = rules.accept ?? options.accept
  return accept?.maxFileSize ?? rules.maxFileSize ?? options.maxFileSize
}

/**
 * Returns the rules of a route. Throws `TypeError` for rules that contradict each other or an option.
 *
 * @param maxStorable bytes of the largest file that can be stored
 */
export function resolveFieldRules(options: RouteRules, maxStorable: number): FieldRules {
  const { files } = options
  if (files === undefined) {
    const others = resolveRule(NO_RULES, options, maxStorable)
    return Object.freeze({ byField: new Map(), others, largestFile: others.largestFile })
  }
  const byField = new Map([...files].map(([field, own]) => [field, resolveRule(own, options, maxStorable)]))
  for (const [field, own] of files) checkField(field, own, options)
  const rules = [...byField.values()]
  checkMinCounts(rules, options)
  const largest = Math.max(0, ...rules.map(rule => rule.largestFile))
  return Object.freeze({ byField, others: undefined, largestFile: largest })
}

function resolveRule(own: Partial<CheckedRules>, options: RouteRules, maxStorable: number): FieldRule {
  const accept = own.accept ?? options.accept
  const detects = accept !== undefined || options.detect
  const largest = largestFile(own, options)
  checkPartCount(largest, options.partSize, own.name)
  const rule: FieldRule = {
    minCount: own.minCount ?? (own.required ? 1 : 0),
    maxCount: own.maxCount ?? Number.POSITIVE_INFINITY,
    minFileSize: own.minFileSize ?? options.minFileSize,
    maxFileSize: Math.min(own.maxFileSize ?? options.maxFileSize, maxStorable),
    largestFile: Math.min(largest, maxStorable),
    allowEmpty: own.allowEmpty ?? options.allowEmpty,
    accept,
    detects,
    key: own.key ?? options.key,
    params: own.params ?? options.params,
    prefix: own.prefix ?? options.prefix,
    headSize: detects || options.onFile !== undefined ? MAX_HEAD_BYTES : 0,
  }
  checkSizes(rule, own.name)
  return Object.freeze(rule)
}

function checkPartCount(maxFileSize: number, partSize: number, name: string | undefined): void {
  if (partSizeFor(maxFileSize, partSize) <= MAX_PART_SIZE) return
  const limit = formatSize(MAX_S3_PARTS * MAX_PART_SIZE)
  throw new TypeError(
    `${placeOf(name)}maxFileSize must be at most ${limit} (${MAX_S3_PARTS} S3 parts of ${formatSize(MAX_PART_SIZE)}); it is ${formatSize(maxFileSize)}.`,
  )
}

function checkSizes({ minFileSize, largestFile }: FieldRule, name: string | undefined): void {
  if (minFileSize <= largestFile) return
  throw new TypeError(
    `${placeOf(name)}minFileSize must be at most the maximum size of a file (${formatSize(largestFile)}); it is ${formatSize(minFileSize)}.`,
  )
}

/** @param name of the rules of a field. Undefined for the route */
function placeOf(name: string | undefined): string {
  return name === undefined ? '' : `${name}.`
}

function checkField(
  field: string,
  { name, maxCount = 1 }: CheckedRules,
  { maxFiles, maxFieldNameSize }: RouteRules,
): void {
  if (Buffer.byteLength(field) > maxFieldNameSize) {
    throw new TypeError(
      `The field name ${describe(field)} in files is longer than maxFieldNameSize (${formatSize(maxFieldNameSize)}).`,
    )
  }
  if (maxCount > maxFiles) {
    throw new TypeError(`${name}.maxCount must be at most maxFiles (${maxFiles}); it is ${maxCount}.`)
  }
}

function checkMinCounts(rules: readonly FieldRule[], { maxFiles }: RouteRules): void {
  const least = rules.reduce((sum, { minCount }) => sum + minCount, 0)
  if (least <= maxFiles) return
  throw new TypeError(`maxFiles must be at least ${least}, the sum of minCount in files; it is ${maxFiles}.`)
}
