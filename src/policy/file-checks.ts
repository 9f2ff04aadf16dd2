import type { Limits } from '../shared/limits.ts'
import type { IncomingFile } from '../shared/types.ts'
import {
  emptyFile,
  fileTooSmall,
  missingFile,
  tooFewFiles,
  tooManyFiles,
  tooManyFilesInField,
  unexpectedFile,
} from '../shared/upload-errors.ts'
import { type FieldRule, type FieldRules, ruleOf } from './field-rules.ts'
import type { FormCount } from './size-limits.ts'

/** Counts a file and returns the rule of its field. Throws if the form may not have this file. */
export function admitFile(
  file: IncomingFile,
  count: FormCount,
  rules: FieldRules,
  { maxFiles }: Limits,
): FieldRule {
  const rule = ruleOf(file.field, rules)
  if (rule === undefined) throw unexpectedFile(file, [...rules.byField.keys()])
  if (rule !== rules.others) countInField(file, count, rule)
  count.files++
  if (count.files > maxFiles) throw tooManyFiles(file, maxFiles)
  return rule
}

function countInField(file: IncomingFile, { byField }: FormCount, { maxCount }: FieldRule): void {
  const files = (byField.get(file.field) ?? 0) + 1
  byField.set(file.field, files)
  if (files > maxCount) throw tooManyFilesInField(file, maxCount)
}

/** Throws for a whole file that is smaller than its field allows. */
export function checkMinSize(file: IncomingFile, size: number, { allowEmpty, minFileSize }: FieldRule): void {
  if (size === 0 && !allowEmpty) throw emptyFile(file)
  if (size < minFileSize) throw fileTooSmall(file, size, minFileSize)
}

/**
 * Throws if a field has fewer files than it must have.
 *
 * @param files all that will be stored
 */
export function checkMinCounts(files: readonly { field: string }[], rules: FieldRules): void {
  for (const [name, { minCount }] of rules.byField) {
    const count = minCount === 0 ? 0 : files.filter(({ field }) => field === name).length
    if (count >= minCount) continue
    throw count === 0 ? missingFile(name, minCount) : tooFewFiles(name, count, minCount)
  }
}
