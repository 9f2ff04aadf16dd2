import { describe, expect, it } from 'vitest'
import { describe as describeValue, formatSize, MiB, parseSize } from '../../src/shared/sizes.ts'

describe('parseSize', () => {
  it.each([
    [0, 0],
    [1.9, 1],
    ['0B', 0],
    ['500KB', 512_000],
    ['25MB', 25 * MiB],
    ['1.5 gb', 1536 * MiB],
  ])('reads %o as %i bytes', (value, expected) => {
    expect(parseSize(value, 'maxFileSize')).toBe(expected)
  })

  it.each([
    undefined,
    null,
    Number.NaN,
    Number.POSITIVE_INFINITY,
    -1,
    1n,
    [1],
    {},
    '',
    '25',
    '-1MB',
    '25 potatoes',
    '25MiB',
    `${'9'.repeat(400)}MB`,
  ])('rejects %o', value => {
    expect(() => parseSize(value, 'maxFileSize')).toThrow(TypeError)
    expect(() => parseSize(value, 'maxFileSize')).toThrow(/^maxFileSize must be a finite number of bytes/)
  })
})

it.each([
  [0, '0 B'],
  [1536, '1.5 KB'],
  [5 * MiB, '5 MB'],
])('formats %i bytes as %s', (size, expected) => {
  expect(formatSize(size)).toBe(expected)
})

describe('describe', () => {
  it('quotes strings and escapes line breaks', () => {
    expect(describeValue('a\nb')).toBe("'a\\nb'")
  })

  it('names the class of an object and hides its properties', () => {
    class Client {
      secretAccessKey = 'hidden'
    }
    expect(describeValue(new Client())).toBe('[Client]')
    expect(describeValue({ secretAccessKey: 'hidden' })).toBe('[Object]')
    expect(describeValue(['hidden'])).toBe('[Array]')
    expect(describeValue(() => 'hidden')).toBe('[Function (anonymous)]')
  })
})
