import { parse } from 'content-disposition'
import { describe, expect, it } from 'vitest'
import { checkParams } from '../../src/policy/object-params.ts'

const dispositionOf = (ContentDisposition: string) =>
  checkParams({ ContentDisposition }).ContentDisposition ?? ''

describe('ContentDisposition', () => {
  it.each([
    'inline',
    'attachment; filename="report.pdf"',
    `attachment; filename="gross.jpg"; filename*=UTF-8''gro%C3%9F.jpg`,
    'ATTACHMENT ;filename=a.txt',
  ])('stays as it is if it is ASCII: %s', header => {
    expect(dispositionOf(header)).toBe(header)
  })

  it.each([
    ['groß.jpg', 'gro_.jpg'],
    ['éàü.jpg', 'eau.jpg'],
    ['фото.jpg', '____.jpg'],
    ['写真 1.jpg', '__ 1.jpg'],
    ['👩‍🚀.png', '___.png'],
    ["l'été (2)*.txt", "l'ete (2)*.txt"],
    ['50%20 für.pdf', '50_20 fur.pdf'],
  ])('encodes the name %s and has an ASCII fallback', (name, fallback) => {
    const header = dispositionOf(`attachment; filename="${name}"`)
    expect(header).toMatch(/^[\x20-\x7e]+$/)
    expect(header).toMatch(/^attachment; filename=.*; filename\*=UTF-8''[\w.!#$&+^`|~%-]+$/)
    expect(parse(header).parameters.filename).toBe(name)
    expect(parse(header, { extended: false }).parameters.filename).toBe(fallback)
  })

  it('keeps the type and other parameters', () => {
    expect(dispositionOf('inline; filename=ä.txt; size=5')).toBe(
      "inline; filename=a.txt; filename*=UTF-8''%C3%A4.txt; size=5",
    )
  })

  it('replaces half a surrogate pair', () => {
    expect(dispositionOf('attachment; filename="\ud800.txt"')).toContain("UTF-8''%EF%BF%BD.txt")
  })

  it.each([
    'größe',
    'attachment; filename="a\r\nx-amz-acl: public-read"',
    'attachment; filename="ä\n"',
    ''.padEnd(3, '\0'),
  ])('is refused if it cannot be encoded: %j', header => {
    expect(() => dispositionOf(header)).toThrow(TypeError)
    expect(() => dispositionOf(header)).toThrow(/^params\.ContentDisposition must be ASCII/)
  })

  it('does not modify the parameters of the application', () => {
    const params = Object.freeze({ ContentDisposition: 'inline; filename=ä', CacheControl: 'no-store' })
    expect(checkParams(params)).toEqual({
      ContentDisposition: "inline; filename=a; filename*=UTF-8''%C3%A4",
      CacheControl: 'no-store',
    })
  })
})

describe('other parameters', () => {
  it.each([
    [
      { Metadata: { filename: 'groß.jpg' } },
      /^params\.Metadata\['filename'\] must be ASCII .*'groß\.jpg'.*encodeURIComponent/,
    ],
    [
      { Metadata: { filename: 'a\r\nb' } },
      /^params\.Metadata\['filename'\] must be ASCII without line breaks; it is 'a\\r\\nb'/,
    ],
    [{ Metadata: { größe: '1' } }, /^params\.Metadata has the name 'größe'/],
    [{ Metadata: { 'a b': '1' } }, /^params\.Metadata has the name 'a b'/],
    [{ Metadata: { 'a\nb': '1' } }, /^params\.Metadata has the name 'a\\nb'/],
    [{ Metadata: 'a' }, /^params\.Metadata must be an object/],
    [{ Metadata: null }, /^params\.Metadata must be an object/],
    [{ CacheControl: 'max-age=1\r\nx: y' }, /^params\.CacheControl must be ASCII/],
    [{ ContentType: 'text/plain; name=ä' }, /^params\.ContentType must be ASCII/],
    [{ ContentLanguage: 'Ü' }, /^params\.ContentLanguage must be ASCII/],
    [{ Tagging: 'name=groß' }, /^params\.Tagging must be ASCII.*URLSearchParams/],
    [{ WebsiteRedirectLocation: '/größe' }, /^params\.WebsiteRedirectLocation must be ASCII.*encodeURI/],
    [{ ParameterOfTheFuture: '\u{1f600}' }, /^params\.ParameterOfTheFuture must be ASCII/],
    [{ ACL: 'private\0' }, /^params\.ACL must be ASCII/],
  ])('are refused: %j', (params, message) => {
    expect(() => checkParams(params)).toThrow(TypeError)
    expect(() => checkParams(params)).toThrow(message)
  })

  it.each([
    { Metadata: { 'x-Name_1.a': 'all of ASCII ~ !"#$%&\'()*+,-./\t' } },
    { Metadata: undefined, CacheControl: undefined },
    { Expires: new Date(), BucketKeyEnabled: true },
    // The SDK encodes this one.
    { SSECustomerKey: '\u00ff'.repeat(32) },
  ])('stay as they are: %j', params => {
    expect(checkParams(params)).toEqual(params)
  })
})
