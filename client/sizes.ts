import type { Size } from '../src/shared/sizes.ts'
import { invalidOption } from './errors.ts'

const UNITS = ['B', 'KB', 'MB', 'GB', 'TB']

/** Returns whole bytes from a number, or from a string as the server accepts it. Throws `TypeError` for anything else. */
export function parseSize(name: string, value: Size): number {
  const [, number, unit = ''] = /^([\d.]+) ?([kmgt]?b)$/i.exec(value as string) ?? []
  const size = typeof value === 'number' ? value : Number(number) * 1024 ** UNITS.indexOf(unit.toUpperCase())
  if (size >= 0) return Math.floor(size)
  throw invalidOption(name, value)
}

/** Returns a size as the server's error messages show it: `'1.5 MB'`. */
export function formatSize(bytes: number): string {
  const power = UNITS.findLastIndex((_, power) => power === 0 || bytes >= 1024 ** power)
  return `${+(bytes / 1024 ** power).toFixed(2)} ${UNITS[power]}`
}
