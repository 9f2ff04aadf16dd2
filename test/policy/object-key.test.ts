import { describe, expect, it } from 'vitest'
import { checkKey, defaultKey } from '../../src/policy/object-key.ts'

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
const file = { field: 'f', filename: '', type: '' }

describe('defaultKey', () => {
  it.each([
    ['keeps an extension that matches the type', 'photo.JPEG', 'image/jpeg', '.jpeg'],
    ['replaces an extension that does not match the type', 'evil.html', 'image/png', '.png'],
    ['adds the usual extension if the filename has none', 'photo', 'application/pdf', '.pdf'],
    ['adds no extension for an unknown type', 'a.xyz', 'application/x-unknown', ''],
    ['ignores directories in the filename', '../../etc/passwd.png', 'image/png', '.png'],
  ])('%s', (_, filename, type, extension) => {
    expect(defaultKey({ ...file, filename, type })).toMatch(
      new RegExp(`^${UUID}${extension.replace('.', '\\.')}$`),
    )
  })

  it('returns a different key each time', () => {
    expect(defaultKey(file)).not.toBe(defaultKey(file))
  })

  it('accepts types with names of object properties', () => {
    expect(defaultKey({ ...file, type: 'constructor' })).toMatch(new RegExp(`^${UUID}$`))
    expect(defaultKey({ ...file, type: '__proto__' })).toMatch(new RegExp(`^${UUID}$`))
  })
})

describe('checkKey', () => {
  it.each(['a', 'a/b c+d%é.jpg', '写真', '/a', 'a//b', '...', '.a/..b'])('accepts %j', key => {
    expect(checkKey(key, '', file)).toBe(key)
  })

  it('adds the prefix', () => {
    expect(checkKey('a', 'in/', file)).toBe('in/a')
  })

  it('accepts 1,024 bytes with the prefix and rejects one byte more', () => {
    expect(checkKey('é'.repeat(500), 'x'.repeat(24), file)).toHaveLength(524)
    expect(() => checkKey('é'.repeat(500), 'x'.repeat(25), file)).toThrow(
      /at most 1024 bytes in UTF-8; it has 1025/,
    )
  })

  it.each([
    [undefined, /key\(\) returned undefined/],
    [5, /must be a string/],
    ['', /must not be empty/],
    ['a/../b', /"\." or "\.\."/],
    ['..', /"\." or "\.\."/],
    ['./a', /"\." or "\.\."/],
    ['\ud800', /well-formed Unicode/],
  ])('rejects %j', (key, message) => {
    expect(() => checkKey(key, '', file)).toThrow(message)
    expect(() => checkKey(key, '', file)).toThrow(
      expect.objectContaining({ code: 'INVALID_KEY', status: 500 }),
    )
  })
})
