import { extname } from 'node:path'
import { supportedMimeTypes } from 'file-type'
import mime from 'mime-types'
import { describe, expect, it } from 'vitest'
import { compileAccept } from '../../src/content/accept.ts'
import { isActiveType } from '../../src/content/active-types.ts'
import { canonicalType, typeOfExtension } from '../../src/content/type-names.ts'
import { type TypeProblem, typeNotAccepted } from '../../src/shared/upload-errors.ts'
import { CORPUS } from '../support/type-corpus.ts'

const bytesSay = (type: string | undefined, claim = type) => ({ type, claim, isPlainText: false })
const plainText = (type: string, claim: string | undefined) => ({ type, claim, isPlainText: true })
const MB = 1024 * 1024

describe('the problem of a type', () => {
  const file = { field: 'f', filename: 'a.png', type: 'image/png', contentType: 'image/png' }
  const detail = (type: string | undefined, reason: TypeProblem, declared = file) =>
    typeNotAccepted(declared, type, reason, ['image/*', '.pdf']).message

  it('names both types, and says which of the three it is', () => {
    expect(detail('text/html', 'something else')).toBe(
      'a.png is something else: its bytes are text/html, and it declares image/png. Accepted types: image/*, .pdf.',
    )
    expect(detail(undefined, 'unknown')).toBe(
      'a.png is of an unknown type: its bytes match none, and it declares image/png. Accepted types: image/*, .pdf.',
    )
    expect(detail('image/svg+xml', 'not accepted')).toBe(
      'a.png is image/svg+xml, which is not accepted. Accepted types: image/*, .pdf.',
    )
  })

  it('says that a file declares no type', () => {
    const { contentType: _, ...undeclared } = file
    expect(typeNotAccepted(undeclared, undefined, 'unknown', ['image/*']).message).toMatch(
      /it declares no type/,
    )
  })
})

describe('accept', () => {
  it.each<[unknown, string, boolean]>([
    ['image/*', 'image/png', true],
    ['image/*', 'image/svg+xml', false],
    ['image/*,image/svg+xml', 'image/svg+xml', true],
    ['.svg', 'image/svg+xml', true],
    ['text/*', 'text/csv', true],
    ['text/*', 'text/html', false],
    ['text/*', 'text/javascript', false],
    ['application/*', 'application/xml', false],
    ['application/*', 'application/x-httpd-php', false],
    ['application/*', 'application/pdf', true],
    ['*/*', 'text/html', true],
    ['image/jpg', 'image/jpeg', true],
    ['text/xml', 'application/xml', true],
    ['IMAGE/PNG', 'image/png', true],
    ['.CSV', 'text/csv', true],
    [' image/png , .pdf ', 'application/pdf', true],
    [['image/png', '.pdf'], 'image/gif', false],
    ['.doc', 'application/msword', true],
    ['.msi', 'application/x-msi', true],
  ])('%j and %s: %s', (accept, type, accepted) => {
    expect(compileAccept(accept, 'accept').judge(bytesSay(type)).accepted).toBe(accepted)
  })

  it('accepts a CSV as the text that the client calls it', () => {
    const { judge } = compileAccept('text/plain', 'accept')
    expect(judge(plainText('text/csv', 'text/plain')).accepted).toBe(true)
    expect(judge(plainText('text/csv', 'text/csv')).accepted).toBe(false)
  })

  it.each([
    ['image/jpeg', 'image/png', 'something else'],
    ['image/jpeg', 'image/jpeg', 'not accepted'],
    ['image/jpeg', undefined, 'not accepted'],
    [undefined, 'image/png', 'unknown'],
  ])('bytes of %s, declared as %s: %s', (type, claim, reason) => {
    const verdict = compileAccept('image/png', 'accept').judge({ type, claim, isPlainText: false })
    expect(verdict).toEqual({ accepted: false, reason })
  })

  it('accepts what is unknown only with */*', () => {
    expect(compileAccept('*/*', 'accept').judge(bytesSay(undefined)).accepted).toBe(true)
    expect(compileAccept('image/*', 'accept').judge(bytesSay(undefined)).accepted).toBe(false)
  })

  it('gives the size of the most specific pattern', () => {
    const accept = compileAccept({ '*/*': '1MB', 'image/*': '4MB', 'image/png': '8MB', '.pdf': 5 }, 'accept')
    const sizeOf = (type: string) => accept.judge(bytesSay(type))
    expect(sizeOf('image/png')).toEqual({ accepted: true, maxFileSize: 8 * MB })
    expect(sizeOf('image/gif')).toEqual({ accepted: true, maxFileSize: 4 * MB })
    expect(sizeOf('application/pdf')).toEqual({ accepted: true, maxFileSize: 5 })
    expect(sizeOf('text/csv')).toEqual({ accepted: true, maxFileSize: MB })
    expect(accept.maxFileSize).toBe(8 * MB)
  })

  it('has no size without sizes', () => {
    expect(compileAccept('image/*', 'accept').maxFileSize).toBeUndefined()
  })

  it('shows the patterns as they were written', () => {
    expect(compileAccept(['Image/*', '.PDF'], 'accept').allowed).toEqual(['image/*', '.pdf'])
    expect(compileAccept({ 'image/*': '1MB' }, 'accept').allowed).toEqual(['image/*'])
  })

  it.each<[unknown, RegExp]>([
    ['', /it contains ''/],
    [[], /it is \[\]/],
    [{}, /it is \{\}/],
    [5, /it is 5/],
    [null, /it is null/],
    ['image', /it contains 'image'/],
    ['image/', /it contains 'image\/'/],
    ['*/png', /it contains '\*\/png'/],
    [['image/*', 5], /it contains 5/],
    ['.unheard-of', /'\.unheard-of' is not a known extension/],
    [{ 'image/*': 'much' }, /^files\.a\.accept\['image\/\*'\] must be a finite number of bytes/],
  ])('%j throws a TypeError', (accept, message) => {
    expect(() => compileAccept(accept, 'files.a.accept')).toThrow(TypeError)
    expect(() => compileAccept(accept, 'files.a.accept')).toThrow(message)
  })
})

it.each([
  'text/html',
  'text/html; charset=utf-8',
  'TEXT/HTML',
  'image/svg+xml',
  'application/rss+xml',
  'application/xhtml+xml',
  'text/xml',
  'application/javascript',
])('%s is active', type => {
  expect(isActiveType(type)).toBe(true)
})

it.each(['text/plain', 'image/png', 'application/pdf', 'text/csv', '', 'x'])('%s is not active', type => {
  expect(isActiveType(type)).toBe(false)
})

it.each([
  ['image/jpg', 'image/jpeg'],
  ['audio/mp3', 'audio/mpeg'],
  ['application/x-zip-compressed', 'application/zip'],
  ['x/unknown', 'x/unknown'],
])('%s is %s', (alias, type) => {
  expect(canonicalType(alias)).toBe(type)
})

it.each([
  ['.jpg', 'image/jpeg'],
  ['.JPG', 'image/jpeg'],
  ['', undefined],
  ['.', undefined],
  ['.a.b', undefined],
  ['.unheard-of', undefined],
  ['.constructor', undefined],
  ['.__proto__', undefined],
])('the extension %j is %s', (extension, type) => {
  expect(typeOfExtension(extension)).toBe(type)
})

it('gives each type one name', () => {
  const names = [
    ...Object.keys(mime.extensions),
    ...supportedMimeTypes,
    ...CORPUS.map(({ claim = '' }) => claim),
  ]
  const again = names.map(name => canonicalType(name.toLowerCase()))
  expect(again.map(canonicalType)).toEqual(again)
})

describe('an extension', () => {
  // Sound in a container whose extension says video.
  const files = CORPUS.filter(({ claim, type, name }) => claim === type && !name.includes('sound only'))

  it.each(files)('of $filename ($name) accepts files of its type', ({ filename, type }) => {
    const extension = extname(filename)
    if (typeOfExtension(extension) === undefined) return expect(extension).toMatch(/^(?:|\.elf)$/)
    return expect(compileAccept(extension, 'accept').judge(bytesSay(type)).accepted).toBe(true)
  })
})
