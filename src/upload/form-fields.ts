import { createFields } from '../form/fields.ts'
import { MAX_NESTING, nestFields } from '../form/nested-fields.ts'
import type { FieldPart } from '../form/read-form.ts'
import type { ResolvedOptions } from '../options/resolve-options.ts'
import type { Fields } from '../shared/types.ts'
import { fieldAfterFile, invalidFields } from '../shared/upload-errors.ts'
import { issuesOf } from './field-issues.ts'
import { runHook } from './run-hook.ts'

/** The fields of one form, and what the application makes of them. */
export interface FormFields {
  /** As the client sent them, so far. */
  readonly received: Fields
  /** Throws for a field above a limit, and for one behind a file with `fieldsFirst`. */
  add(part: FieldPart): void
  /** Must resolve before anything of a file is decided. */
  beginFile(signal: AbortSignal): Promise<void> | undefined
  /** Resolves with the output of the schema. Rejects if it refuses the fields. */
  judge(signal: AbortSignal): Promise<Fields>
}

export function createFormFields(settings: ResolvedOptions): FormFields {
  const { values, add } = createFields(settings)
  let judged: Promise<Fields> | undefined
  return {
    received: values,
    add(part) {
      if (settings.fieldsFirst && judged !== undefined) throw fieldAfterFile(part.name)
      add(part)
    },
    beginFile(signal) {
      return settings.fieldsFirst ? this.judge(signal).then(() => {}) : undefined
    },
    judge(signal) {
      judged ??= judgeFields(values, settings, signal)
      return judged
    },
  }
}

async function judgeFields(
  received: Fields,
  { fields: schema, nestFields: nests, maxFields, hookTimeout }: ResolvedOptions,
  signal: AbortSignal,
): Promise<Fields> {
  const input: unknown = nests ? await nest(received, maxFields) : received
  if (schema === undefined) return input as Fields
  const validate = async () => {
    const result = await schema['~standard'].validate(input)
    if (result.issues) throw invalidFields(issuesOf(result.issues))
    return result.value
  }
  return (await runHook('fields', validate, signal, hookTimeout)) as Fields
}

async function nest(received: Fields, maxFields: number): Promise<unknown> {
  const nested = await nestFields(received, maxFields)
  if (nested !== undefined) return nested
  const deepest = Object.keys(received).sort((a, b) => depthOf(b) - depthOf(a))[0] ?? ''
  const message = `The name has more than ${MAX_NESTING} pairs of brackets.`
  throw invalidFields([{ path: [deepest], message }])
}

function depthOf(name: string): number {
  return name.split('[').length
}
