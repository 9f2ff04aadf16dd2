import { inspect } from 'node:util'
import bytes from 'bytes'
import { escapeText } from './escape-text.ts'

/** A number of bytes, or a string such as `'500KB'`, `'25MB'`, `'1.5GB'` (powers of 1024). */
export type Size = number | `${number}${'B' | 'KB' | 'MB' | 'GB' | 'TB'}`

export const KiB = 1024
export const MiB = 1024 * KiB
export const GiB = 1024 * MiB

// `bytes.parse` reads '25 potatoes' as 25. A limit that cannot be read must never become another limit.
const SIZE = /^\d+(\.\d+)? ?([kmgt]?b)$/i

/** Returns whole bytes. Throws `TypeError` if the value is not a size. */
export function parseSize(value: unknown, name: string): number {
  const size = typeof value === 'string' && SIZE.test(value) ? bytes.parse(value) : value
  if (typeof size !== 'number' || !Number.isFinite(size) || size < 0) {
    throw new TypeError(
      `${name} must be a finite number of bytes or a string such as '25MB'; it is ${describe(value)}.`,
    )
  }
  return Math.floor(size)
}

/** Returns a size for error messages: `'1.5 MB'`. */
export function formatSize(size: number): string {
  return bytes.format(size, { unitSeparator: ' ' }) ?? `${size} bytes`
}

/** No code of the value runs: neither its own `inspect` nor, in almost every case, a getter. */
const AS_SHOWN = {
  depth: -1,
  compact: true,
  breakLength: Number.POSITIVE_INFINITY,
  maxStringLength: 200,
  customInspect: false,
}

/**
 * Returns a value as error messages show it, in one line. Never shows properties of an object: they can be secrets.
 * Never throws.
 */
export function describe(value: unknown): string {
  try {
    const [line = ''] = inspect(value, AS_SHOWN).split('\n', 1)
    return escapeText(line)
  } catch {
    return `[${typeof value}]`
  }
}
