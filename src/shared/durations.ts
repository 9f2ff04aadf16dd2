import { describe } from './sizes.ts'

/** A number of milliseconds, or text such as `'500ms'`, `'30s'`, `'15m'`, `'24h'`, `'7d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const UNITS: Record<string, number> = { ms: 1, s: SECOND, m: MINUTE, h: HOUR, d: 24 * HOUR }

const DURATION = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d)$/

/** Milliseconds above 0. Throws `TypeError` for what is not a duration: it must never become another one. */
export function parseDuration(value: unknown, name: string): number {
  const duration = typeof value === 'string' ? readText(value) : value
  if (typeof duration !== 'number' || !Number.isFinite(duration) || duration <= 0) {
    throw new TypeError(
      `${name} must be a number of milliseconds or a text such as '30s', above 0 and finite; it is ${describe(value)}.`,
    )
  }
  return duration
}

function readText(text: string): number | undefined {
  const [, amount, unit = ''] = DURATION.exec(text) ?? []
  const milliseconds = UNITS[unit]
  return milliseconds && Number(amount) * milliseconds
}
