import type { Limits } from '../shared/limits.ts'
import type { Fields } from '../shared/types.ts'
import { fieldNameTooLong, fieldsTooLarge, fieldTooLarge, tooManyFields } from '../shared/upload-errors.ts'
import type { FieldPart } from './read-form.ts'

export interface FormFields {
  readonly values: Fields
  /** Throws for a field above a limit. */
  add(field: FieldPart): void
}

/** Gathers the fields of a form. The object has no prototype: a field may be called `__proto__`. */
export function createFields(limits: Limits): FormFields {
  const values: Fields = Object.create(null)
  let count = 0
  let bytes = 0

  function add({ name, value, size, truncated }: FieldPart): void {
    checkFieldName(name, limits)
    count++
    if (count > limits.maxFields) throw tooManyFields(limits.maxFields)
    if (truncated) throw fieldTooLarge(name, limits.maxFieldSize)
    bytes += Buffer.byteLength(name) + size
    if (bytes > limits.maxFieldsSize) throw fieldsTooLarge(name, limits.maxFieldsSize)
    append(values, name, value)
  }

  return { values, add }
}

function append(values: Fields, name: string, value: string): void {
  const present = values[name]
  if (present === undefined) values[name] = value
  else if (Array.isArray(present)) present.push(value)
  else values[name] = [present, value]
}

export function checkFieldName(name: string, { maxFieldNameSize }: Limits): void {
  if (Buffer.byteLength(name) > maxFieldNameSize) throw fieldNameTooLong(name, maxFieldNameSize)
}
