import bytes from 'bytes'

/** A number of bytes, or text such as `'500KB'`, `'25MB'`, `'1.5GB'` (powers of 1024). */
export type Size = number | `${number}${'B' | 'KB' | 'MB' | 'GB' | 'TB'}`

export const KiB = 1024
export const MiB = 1024 * KiB
export const GiB = 1024 * MiB

// `bytes.parse` reads '25 potatoes' as 25; a limit that cannot be read must never become another limit.
const SIZE = /^\d+(\.\d+)? ?([kmgt]?b)$/i

/** Whole bytes. Throws `TypeError` for what is not a size. */
export function parseSize(value: unknown, name: string): number {
  const size = typeof value === 'string' && SIZE.test(value) ? bytes.parse(value) : value
  if (typeof size !== 'number' || !Number.isFinite(size) || size < 0) {
    throw new TypeError(
      `${name} must be a number of bytes or a text such as '25MB', and finite; it is ${describe(value)}.`,
    )
  }
  return Math.floor(size)
}

export function formatSize(size: number): string {
  return bytes.format(size, { unitSeparator: ' ' }) ?? `${size} bytes`
}

export function describe(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value)
}
