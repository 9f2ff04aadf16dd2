import { UploadError } from '../shared/errors.ts'
import { formatSize } from '../shared/sizes.ts'
import type { Fields } from '../shared/types.ts'
import type { FieldPart } from './read-form.ts'

export interface FieldLimits {
  maxFields: number
  maxFieldSize: number
  maxFieldNameSize: number
}

export interface FormFields {
  readonly values: Fields
  /** Throws for a field above a limit. */
  add(field: FieldPart): void
}

/** Gathers the fields of a form. The object has no prototype: a field may be called `__proto__`. */
export function createFields(limits: FieldLimits): FormFields {
  const values: Fields = Object.create(null)
  let count = 0

  function add({ name, value, truncated }: FieldPart): void {
    checkFieldName(name, limits)
    count++
    if (count > limits.maxFields) {
      throw new UploadError('TOO_MANY_FIELDS', `The form has more than ${limits.maxFields} fields.`, {
        limit: limits.maxFields,
      })
    }
    if (truncated) {
      throw new UploadError(
        'FIELD_TOO_LARGE',
        `Field "${name}" is larger than ${formatSize(limits.maxFieldSize)}.`,
        { field: name, limit: limits.maxFieldSize },
      )
    }
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

export function checkFieldName(
  name: string,
  { maxFieldNameSize }: Pick<FieldLimits, 'maxFieldNameSize'>,
): void {
  if (Buffer.byteLength(name) <= maxFieldNameSize) return
  throw new UploadError(
    'FIELD_NAME_TOO_LONG',
    `A field's name is longer than ${formatSize(maxFieldNameSize)}: "${name.slice(0, 50)}…".`,
    { limit: maxFieldNameSize },
  )
}
