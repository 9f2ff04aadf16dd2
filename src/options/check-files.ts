import { type Accept, compileAccept } from '../content/accept.ts'
import type { FieldRule } from '../policy/field-rules.ts'
import { describe, parseSize } from '../shared/sizes.ts'
import { checkBoolean, checkCount, checkFunction, checkParamsOption, checkString } from './checks.ts'

/** The rules of one field after their checks. Those that are missing are undefined. */
export interface CheckedRules {
  /** As an error names it: `files.avatar`. */
  readonly name: string
  readonly required: boolean | undefined
  readonly minCount: number | undefined
  readonly maxCount: number | undefined
  readonly minFileSize: number | undefined
  readonly maxFileSize: number | undefined
  readonly allowEmpty: boolean | undefined
  readonly accept: Accept | undefined
  readonly key: FieldRule['key']
  readonly params: FieldRule['params'] | undefined
  readonly prefix: string | undefined
}

type RuleName = Exclude<keyof CheckedRules, 'name'>

const CHECKS: Record<RuleName, (value: unknown, name: string) => unknown> = {
  required: checkBoolean,
  minCount: checkCount(0),
  maxCount: checkCount(1),
  minFileSize: parseSize,
  maxFileSize: parseSize,
  allowEmpty: checkBoolean,
  accept: compileAccept,
  key: checkFunction,
  params: checkParamsOption,
  prefix: checkString,
}

/** Returns the rules of each field. The names are keys of a map: a field can have any name, such as `__proto__`. */
export function checkFiles(value: unknown, name: string): ReadonlyMap<string, CheckedRules> {
  const fields = entriesOf(value, name, 'rules by field name')
  return new Map(fields.map(([field, rules]) => [field, checkRules(rules, nameOf(name, field))]))
}

function checkRules(value: unknown, name: string): CheckedRules {
  const given = new Map(entriesOf(value, name, 'rules'))
  const unknown = [...given.keys()].filter(rule => !Object.hasOwn(CHECKS, rule))
  if (unknown.length > 0) {
    throw new TypeError(
      `${name} has the unknown rule ${unknown.map(describe).join(', ')}. The rules are ${Object.keys(CHECKS).join(', ')}.`,
    )
  }
  const checked = Object.entries(CHECKS).map(([rule, check]) => {
    const own = given.get(rule)
    return [rule, own === undefined ? undefined : check(own, nameOf(name, rule))]
  })
  const rules = Object.freeze({ name, ...Object.fromEntries(checked) }) as CheckedRules
  checkCounts(rules)
  return rules
}

function checkCounts({ name, required, minCount, maxCount }: CheckedRules): void {
  if (required !== undefined && minCount !== undefined && required !== minCount > 0) {
    throw new TypeError(
      `${name}.required is ${required}, but ${name}.minCount is ${minCount}. Set one of them.`,
    )
  }
  if (minCount !== undefined && maxCount !== undefined && minCount > maxCount) {
    throw new TypeError(`${name}.minCount must be at most maxCount (${maxCount}); it is ${minCount}.`)
  }
}

/**
 * Returns the properties of an object literal. Throws for other objects: a `Map` would have none. Throws also for
 * `{ __proto__: … }`, which makes a prototype and no property.
 */
function entriesOf(value: unknown, name: string, content: string): [string, unknown][] {
  if (isPlainObject(value)) return Object.entries(value)
  throw new TypeError(`${name} must be an object of ${content}; it is ${describe(value)}.`)
}

/** Objects of other realms count too: their prototype is not ours, but has none either. */
function isPlainObject(value: unknown): value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** `files.avatar`, `files["my file"]`. */
function nameOf(name: string, property: string): string {
  return /^[a-z_$][\w$]*$/i.test(property) ? `${name}.${property}` : `${name}[${describe(property)}]`
}
