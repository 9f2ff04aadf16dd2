import type { Accept } from '../content/accept.ts'
import type { IncomingFile, ObjectParams, UploadContext } from '../shared/types.ts'

type Named<Value> = (file: IncomingFile, context: UploadContext) => Value | Promise<Value>

/** Everything that applies to the files of one field: its own rules, and those of the route for the rest. */
export interface FieldRule {
  /** Files that the form must have in this field. */
  readonly minCount: number
  readonly maxCount: number
  /** Bytes. */
  readonly minFileSize: number
  /** Bytes of a file whose type has no size of its own in `accept`. */
  readonly maxFileSize: number
  /** Bytes of the largest file of any type. */
  readonly largestFile: number
  readonly allowEmpty: boolean
  /** True if the type of a file is detected. */
  readonly detects: boolean
  readonly accept: Accept | undefined
  readonly key: Named<string> | undefined
  readonly params: ObjectParams | Named<ObjectParams>
  readonly prefix: string
  /** First bytes of a file that must be known before it is named. 0 if none. */
  readonly headSize: number
}

/** The rules of a route. */
export interface FieldRules {
  readonly byField: ReadonlyMap<string, FieldRule>
  /** The rule of every other field. Undefined if no other field takes files. */
  readonly others: FieldRule | undefined
  /** Bytes of the largest file in any field. */
  readonly largestFile: number
}

/** Returns the rule of a field. Undefined if it takes no files. */
export function ruleOf(field: string, { byField, others }: FieldRules): FieldRule | undefined {
  return byField.get(field) ?? others
}
