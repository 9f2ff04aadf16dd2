import { describe } from './sizes.ts'

/** A number of milliseconds, or a string such as `'500ms'`, `'30s'`, `'15m'`, `'24h'`, `'7d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const UNITS_MS: Record<string, number> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: 24 * HOUR }

const DURATION = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d)$/

/** Returns milliseconds above 0. Throws `TypeError` if the value is not a duration. */
export function parseDuration(value: unknown, name: string): number {
  const duration = typeof value === 'string' ? parseString(value) : value
  if (typeof duration !== 'number' || !Number.isFinite(duration) || duration <= 0) {
    throw new TypeError(
      `${name} must be a finite number of milliseconds above 0 or a string such as '30s'; it is ${describe(value)}.`,
    )
  }
  return duration
}

function parseString(value: string): number | undefined {
  const [, amount, unit = ''] = DURATION.exec(value) ?? []
  const milliseconds = UNITS_MS[unit]
  return milliseconds && Number(amount) * milliseconds
}
