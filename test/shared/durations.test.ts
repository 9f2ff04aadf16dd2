import { describe, expect, it } from 'vitest'
import { parseDuration } from '../../src/shared/durations.ts'

describe('parseDuration', () => {
  it.each([
    [1, 1],
    [0.5, 0.5],
    ['500ms', 500],
    ['30s', 30_000],
    ['1.5s', 1500],
    ['15m', 900_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['10 m', 600_000],
  ])('reads %o as %i milliseconds', (value, expected) => {
    expect(parseDuration(value, 'idleTimeout')).toBe(expected)
  })

  it.each([
    undefined,
    null,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    0,
    -1,
    10n,
    true,
    [1],
    {},
    '',
    '30',
    'm',
    '0s',
    '-5s',
    '+5s',
    '1e3s',
    '.5s',
    '5.s',
    '5S',
    '5 min',
    '5  s',
    ' 5s',
    '5s ',
    '5s\n',
    '1h30m',
    '30 potatoes',
    '5constructor',
    `${'9'.repeat(400)}d`,
  ])('rejects %o', value => {
    expect(() => parseDuration(value, 'idleTimeout')).toThrow(TypeError)
    expect(() => parseDuration(value, 'idleTimeout')).toThrow(/^idleTimeout must be a finite number of milli/)
  })

  it('shows the value in the error message', () => {
    expect(() => parseDuration('soon', 'olderThan')).toThrow(
      "olderThan must be a finite number of milliseconds above 0 or a string such as '30s'; it is 'soon'.",
    )
  })
})
