import { describe } from '../shared/sizes.ts'
import type { IncomingFile } from '../shared/types.ts'
import { typeNotAccepted } from '../shared/upload-errors.ts'

const PATTERN = /^(\*\/\*|[\w!#$&^.+-]+\/(\*|[\w!#$&^.+-]+))$/

/**
 * Returns media types in lower case, from an array or from a string as in `<input accept>`. Throws `TypeError` for
 * anything else.
 */
export function parseAccept(value: unknown): readonly string[] {
  const patterns = typeof value === 'string' ? value.split(',').map(pattern => pattern.trim()) : value
  if (!Array.isArray(patterns) || patterns.length === 0) throw invalidAccept(`it is ${describe(value)}`)
  const wrong = patterns.findIndex(pattern => typeof pattern !== 'string' || !PATTERN.test(pattern))
  if (wrong >= 0) throw invalidAccept(`it contains ${describe(patterns[wrong])}`)
  return Object.freeze(patterns.map(pattern => pattern.toLowerCase()))
}

function invalidAccept(problem: string): TypeError {
  return new TypeError(
    `accept must be media types such as 'image/*' or ['image/png', 'application/pdf']; ${problem}.`,
  )
}

/** Throws `TYPE_NOT_ACCEPTED` if the declared type of a file is not accepted. */
export function acceptFile(file: IncomingFile, accept: readonly string[] | undefined): void {
  if (accept === undefined || accept.some(pattern => matches(file.type, pattern))) return
  throw typeNotAccepted(file, accept)
}

function matches(type: string, pattern: string): boolean {
  if (pattern === '*/*') return true
  return pattern.endsWith('/*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern
}
