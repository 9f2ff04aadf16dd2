import { describe, parseSize } from '../shared/sizes.ts'
import type { TypeProblem } from '../shared/upload-errors.ts'
import { isActiveType } from './active-types.ts'
import type { DetectedType } from './detect-type.ts'
import { canonicalType, typeOfExtension } from './type-names.ts'

/** The types that are accepted, and their sizes. */
export interface Accept {
  /** As the application wrote them, in lower case. */
  readonly allowed: readonly string[]
  /** The largest of the sizes by type, if every type has one. Bytes. */
  readonly maxFileSize: number | undefined
  judge(detected: DetectedType): Verdict
}

export type Verdict =
  | { readonly accepted: true; readonly maxFileSize: number | undefined }
  /**
   * - `something else`: the bytes are of another type than the client claims
   * - `unknown`: the bytes have no signature, and are no text
   * - `not accepted`: the file is what the client claims
   */
  | { readonly accepted: false; readonly reason: TypeProblem }

interface Pattern {
  /** A type, the first half of one with its slash (`image/`), or '' for every file. */
  readonly type: string
  readonly maxFileSize: number | undefined
}

const NAME = '[\\w!#$&^.+-]+'
const MEDIA_TYPE = new RegExp(`^(\\*/\\*|${NAME}/(\\*|${NAME}))$`)
const EXTENSION = /^\.[\w.+-]+$/

/**
 * Compiles accepted types: a string as in `<input accept>`, an array, or sizes by type. Each is a media type, `image/*`,
 * all files as an asterisk on both sides of the slash, or an extension such as `.csv`. Throws `TypeError` for anything
 * else.
 */
export function compileAccept(value: unknown, name: string): Accept {
  const entries = entriesOf(value, name)
  if (entries.length === 0) throw invalidAccept(name, `it is ${describe(value)}`)
  const patterns = entries.map(([text, size]) => compilePattern(text, size, name)).sort(bySpecificity)
  const sizes = patterns.map(({ maxFileSize }) => maxFileSize ?? Number.POSITIVE_INFINITY)
  const largest = Math.max(...sizes)
  return Object.freeze({
    allowed: Object.freeze(entries.map(([text]) => `${text}`.toLowerCase())),
    maxFileSize: largest === Number.POSITIVE_INFINITY ? undefined : largest,
    judge: (detected: DetectedType) => judge(detected, patterns),
  })
}

function entriesOf(value: unknown, name: string): (readonly [unknown, unknown])[] {
  if (typeof value === 'string') return value.split(',').map(text => [text.trim(), undefined])
  if (Array.isArray(value)) return value.map(text => [text, undefined])
  if (typeof value !== 'object' || value === null) throw invalidAccept(name, `it is ${describe(value)}`)
  const entries = Object.entries(value)
  const missing = entries.find(([, size]) => size === undefined)
  if (missing) throw invalidAccept(name, `${describe(missing[0])} has no size`)
  return entries
}

function compilePattern(text: unknown, size: unknown, name: string): Pattern {
  const maxFileSize = size === undefined ? undefined : parseSize(size, `${name}[${describe(text)}]`)
  if (typeof text !== 'string') throw invalidAccept(name, `it contains ${describe(text)}`)
  const pattern = text.toLowerCase()
  if (EXTENSION.test(pattern)) {
    const type = typeOfExtension(pattern)
    if (type === undefined) {
      throw invalidAccept(name, `${describe(text)} is not a known extension: write its media type`)
    }
    return { type, maxFileSize }
  }
  if (!MEDIA_TYPE.test(pattern)) throw invalidAccept(name, `it contains ${describe(text)}`)
  if (pattern === '*/*') return { type: '', maxFileSize }
  return { type: pattern.endsWith('/*') ? pattern.slice(0, -1) : canonicalType(pattern), maxFileSize }
}

function invalidAccept(name: string, problem: string): TypeError {
  return new TypeError(
    `${name} must be media types or extensions such as 'image/*', ['application/pdf', '.csv'] or { 'image/*': '4MB' }; ${problem}.`,
  )
}

/** The most specific pattern wins: a type before half a type, and that before all. */
function bySpecificity(a: Pattern, b: Pattern): number {
  return rank(a) - rank(b)
}

function rank({ type }: Pattern): number {
  if (type === '') return 2
  return type.endsWith('/') ? 1 : 0
}

function judge(detected: DetectedType, patterns: readonly Pattern[]): Verdict {
  const pattern = patterns.find(({ type }) => matches(type, detected))
  if (pattern) return { accepted: true, maxFileSize: pattern.maxFileSize }
  const { type, claim } = detected
  if (type === undefined) return { accepted: false, reason: 'unknown' }
  const isClaimed = claim === undefined || claim === type
  return { accepted: false, reason: isClaimed ? 'not accepted' : 'something else' }
}

/** `image/*` accepts no SVG, and `text/*` no HTML: what runs code must be named. */
function matches(pattern: string, { type, claim, isPlainText }: DetectedType): boolean {
  if (pattern === '') return true
  if (type === undefined) return false
  if (pattern.endsWith('/')) return type.startsWith(pattern) && !isActiveType(type)
  if (pattern === type) return true
  // A CSV that the client calls text/plain is both.
  return isPlainText && pattern === 'text/plain' && claim === pattern
}
