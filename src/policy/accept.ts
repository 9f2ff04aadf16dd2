import type { IncomingFile } from '../shared/types.ts'
import { typeNotAccepted } from '../shared/upload-errors.ts'

const PATTERN = /^(\*\/\*|[\w!#$&^.+-]+\/(\*|[\w!#$&^.+-]+))$/

/** Media types as `<input accept>` has them: `image/png`, `image/*`. Throws `TypeError` for anything else. */
export function parseAccept(value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined
  const patterns = typeof value === 'string' ? value.split(',').map(pattern => pattern.trim()) : value
  if (!Array.isArray(patterns) || patterns.length === 0 || !patterns.every(isPattern)) {
    throw new TypeError(
      `accept must be one or more media types such as 'image/*' or ['image/png', 'application/pdf'].`,
    )
  }
  return Object.freeze(patterns.map(pattern => pattern.toLowerCase()))
}

function isPattern(value: unknown): boolean {
  return typeof value === 'string' && PATTERN.test(value)
}

/** Throws `TYPE_NOT_ACCEPTED` for a file whose declared type is none of `accept`. */
export function acceptFile(file: IncomingFile, accept: readonly string[] | undefined): void {
  if (accept === undefined || accept.some(pattern => matches(file.type, pattern))) return
  throw typeNotAccepted(file, accept)
}

function matches(type: string, pattern: string): boolean {
  if (pattern === '*/*') return true
  return pattern.endsWith('/*') ? type.startsWith(pattern.slice(0, -1)) : type === pattern
}
