import { describe, expect, it } from 'vitest'
import { checkKey, defaultKey } from '../../src/policy/object-key.ts'

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
const file = { field: 'f', filename: '', type: '' }

describe('the default key', () => {
  it.each([
    ['keeps an extension that fits the type', 'photo.JPEG', 'image/jpeg', '.jpeg'],
    ['gives the usual one where the own does not fit', 'evil.html', 'image/png', '.png'],
    ['gives the usual one where there is none', 'photo', 'application/pdf', '.pdf'],
    ['has none for a type that nobody knows', 'a.xyz', 'application/x-nobody-knows', ''],
    ['never takes a path from the name', '../../etc/passwd.png', 'image/png', '.png'],
  ])('%s', (_, filename, type, extension) => {
    expect(defaultKey({ ...file, filename, type })).toMatch(
      new RegExp(`^${UUID}${extension.replace('.', '\\.')}$`),
    )
  })

  it('is another one each time', () => {
    expect(defaultKey(file)).not.toBe(defaultKey(file))
  })

  it('takes a type called like a property of objects', () => {
    expect(defaultKey({ ...file, type: 'constructor' })).toMatch(new RegExp(`^${UUID}$`))
    expect(defaultKey({ ...file, type: '__proto__' })).toMatch(new RegExp(`^${UUID}$`))
  })
})

describe('a key', () => {
  it.each(['a', 'a/b c+d%é.jpg', '写真', '/a', 'a//b', '...', '.a/..b'])('may be %j', key => {
    expect(checkKey(key, '', file)).toBe(key)
  })

  it('has the prefix put before it', () => {
    expect(checkKey('a', 'in/', file)).toBe('in/a')
  })

  it('may have 1,024 bytes with its prefix, and not one more', () => {
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
  ])('may not be %j', (key, message) => {
    expect(() => checkKey(key, '', file)).toThrow(message)
    expect(() => checkKey(key, '', file)).toThrow(
      expect.objectContaining({ code: 'INVALID_KEY', status: 500 }),
    )
  })
})
