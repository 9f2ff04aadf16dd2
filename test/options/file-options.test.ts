import { describe, expect, it } from 'vitest'
import type { S3UploadOptions } from '../../src/options/options.ts'
import { resolveOptions } from '../../src/options/resolve-options.ts'
import { type FieldRule, ruleOf } from '../../src/policy/field-rules.ts'
import { MB } from '../support/bytes.ts'

const resolve = (options: object) => resolveOptions('b', options as Omit<S3UploadOptions, 'bucket'>)

describe('files', () => {
  it.each<[string, object, RegExp]>([
    ['an array', { files: [] }, /^files must be an object of rules by field name; it is \[\]\.$/],
    ['a map', { files: new Map() }, /^files must be an object of rules by field name; it is Map/],
    ['a string', { files: 'avatar' }, /^files must be an object/],
    ['null', { files: null }, /^files must be an object/],
    ['a prototype', { files: { __proto__: { required: true } } }, /^files must be an object/],
    [
      'no rules of a field',
      { files: { a: undefined } },
      /^files\.a must be an object of rules; it is undefined/,
    ],
    ['an array of rules', { files: { a: ['image/*'] } }, /^files\.a must be an object of rules/],
    [
      'an unknown rule',
      { files: { a: { max: 1 } } },
      /^files\.a has the unknown rule 'max'\. The rules are requ/,
    ],
    ['a field with a strange name', { files: { 'my file': 1 } }, /^files\['my file'\] must be an object/],
    ['required', { files: { a: { required: 1 } } }, /^files\.a\.required must be true or false; it is 1/],
    ['minCount', { files: { a: { minCount: -1 } } }, /^files\.a\.minCount must be an integer of at least 0/],
    ['maxCount', { files: { a: { maxCount: 0 } } }, /^files\.a\.maxCount must be an integer of at least 1/],
    ['minFileSize', { files: { a: { minFileSize: 'x' } } }, /^files\.a\.minFileSize must be a finite number/],
    [
      'maxFileSize',
      { files: { 'a-b': { maxFileSize: '2 mb?' } } },
      /^files\['a-b'\]\.maxFileSize must be a finite/,
    ],
    ['allowEmpty', { files: { a: { allowEmpty: 'no' } } }, /^files\.a\.allowEmpty must be true or false/],
    ['accept', { files: { a: { accept: 'image' } } }, /^files\.a\.accept must be media types/],
    ['key', { files: { a: { key: 'a.png' } } }, /^files\.a\.key must be a function; it is 'a\.png'/],
    ['params', { files: { a: { params: 'private' } } }, /^files\.a\.params must be an object/],
    [
      'a reserved parameter',
      { files: { a: { params: { Key: 'k' } } } },
      /^files\.a\.params must not contain Key/,
    ],
    [
      'metadata',
      { files: { a: { params: { Metadata: { x: 'ö' } } } } },
      /^files\.a\.params\.Metadata\['x'\] must be A/,
    ],
    ['prefix', { files: { a: { prefix: 1 } } }, /^files\.a\.prefix must be a string/],
    [
      'required with no file',
      { files: { a: { required: true, minCount: 0 } } },
      /^files\.a\.required is true, but files\.a\.minCount is 0\. Set one of them/,
    ],
    [
      'minCount of an optional field',
      { files: { a: { required: false, minCount: 2 } } },
      /required is false, but/,
    ],
    [
      'minCount above maxCount',
      { files: { a: { minCount: 3, maxCount: 2 } } },
      /^files\.a\.minCount must be at most maxCount \(2\); it is 3/,
    ],
    [
      'minFileSize above maxFileSize',
      { maxFileSize: '1MB', files: { a: { minFileSize: '2MB' } } },
      /^files\.a\.minFileSize must be at most the maximum size of a file \(1 MB\); it is 2 MB/,
    ],
    [
      'maxCount above maxFiles',
      { maxFiles: 3, files: { a: { maxCount: 4 } } },
      /^files\.a\.maxCount must be at most maxFiles \(3\); it is 4/,
    ],
    [
      'more required files than maxFiles',
      { maxFiles: 3, files: { a: { minCount: 2 }, b: { minCount: 2 } } },
      /^maxFiles must be at least 4, the sum of minCount in files; it is 3/,
    ],
    [
      'a size beyond 10,000 parts',
      { files: { a: { maxFileSize: '60TB' } } },
      /^files\.a\.maxFileSize must be at most .* 10000 S3 parts|^files\.a\.maxFileSize must be at most/,
    ],
    [
      'a name that no field can have',
      { files: { ['a'.repeat(101)]: {} } },
      /is longer than maxFieldNameSize/,
    ],
  ])('throws TypeError for %s', (_, options, message) => {
    expect(() => resolve(options)).toThrow(TypeError)
    expect(() => resolve(options)).toThrow(message)
  })

  it('is copied: later changes have no effect', () => {
    const params = { CacheControl: 'no-store' }
    const files = { a: { maxCount: 1, params } }
    const { fieldRules } = resolve({ files })
    files.a.maxCount = 5
    params.CacheControl = 'public'
    Object.assign(files, { b: {} })
    expect(ruleOf('a', fieldRules)).toMatchObject({ maxCount: 1, params: { CacheControl: 'no-store' } })
    expect(ruleOf('b', fieldRules)).toBeUndefined()
  })

  it('reads an explicit undefined as the option of the route', () => {
    const none = Object.fromEntries(
      ['required', 'minCount', 'accept', 'key', 'params'].map(name => [name, undefined]),
    )
    expect(ruleOf('a', resolve({ accept: 'image/*', files: { a: none } }).fieldRules)).toMatchObject({
      minCount: 0,
      accept: { allowed: ['image/*'] },
    })
  })
})

describe('the rules of a field', () => {
  it('are those of the route where the field has none', () => {
    const route = { minFileSize: 5, allowEmpty: false, prefix: 'r/', accept: 'image/*', maxFileSize: 100 }
    const { fieldRules } = resolve({
      ...route,
      files: { a: {}, b: { prefix: 'b/', maxFileSize: 7, minFileSize: 0 } },
    })
    expect(ruleOf('a', fieldRules)).toMatchObject({
      minFileSize: 5,
      maxFileSize: 100,
      allowEmpty: false,
      prefix: 'r/',
      headSize: 4100,
    })
    expect(ruleOf('b', fieldRules)).toMatchObject({ minFileSize: 0, maxFileSize: 7, prefix: 'b/' })
  })

  it.each<[object, number]>([
    [{}, 0],
    [{ allowEmpty: false, digest: 'md5', disposition: 'inline', minFileSize: 1 }, 0],
    [{ detect: true }, 4100],
    [{ accept: 'image/*' }, 4100],
    [{ onFile() {} }, 4100],
    [{ files: { a: {} } }, 0],
    [{ files: { a: { accept: '.csv' }, b: {} } }, 4100],
  ])('look at the head of a file only if %j needs it', (options, size) => {
    const { fieldRules } = resolve(options)
    expect((ruleOf('a', fieldRules) as FieldRule).headSize).toBe(size)
    if (fieldRules.byField.has('b')) expect(ruleOf('b', fieldRules)?.headSize).toBe(0)
  })
})

describe('the limits of a form', () => {
  it.each<[string, object, object]>([
    [
      'one field',
      { files: { a: { maxCount: 2, maxFileSize: '3MB' } } },
      { maxFiles: 2, maxTotalSize: 6 * MB },
    ],
    [
      'fields with counts',
      { maxFileSize: '1MB', files: { a: { maxCount: 2, maxFileSize: '3MB' }, b: { maxCount: 4 } } },
      { maxFiles: 6, maxTotalSize: 10 * MB, maxFileSize: 3 * MB },
    ],
    [
      'a field without a count',
      { maxFileSize: '1MB', files: { a: { maxCount: 2, maxFileSize: '3MB' }, b: {} } },
      { maxFiles: 10, maxTotalSize: 14 * MB, maxFileSize: 3 * MB },
    ],
    [
      'fewer files than the fields take',
      {
        maxFileSize: '1MB',
        maxFiles: 3,
        files: { a: { maxCount: 2, maxFileSize: '3MB' }, b: { maxCount: 3 } },
      },
      { maxFiles: 3, maxTotalSize: 7 * MB },
    ],
    ['no field', { files: {} }, { maxFiles: 1, maxTotalSize: 0, maxFileSize: 0 }],
    [
      'sizes by type',
      { maxFiles: 2, maxFileSize: '1MB', accept: { 'image/*': '2MB', 'video/*': '8MB' } },
      { maxTotalSize: 16 * MB, maxFileSize: 8 * MB },
    ],
    [
      'sizes by type in a field',
      { files: { a: { maxCount: 2, maxFileSize: '1MB', accept: { 'image/*': '2MB' } } } },
      { maxTotalSize: 4 * MB, maxFileSize: 2 * MB },
    ],
    ['an own total', { maxTotalSize: '1MB', files: { a: { maxFileSize: '3MB' } } }, { maxTotalSize: MB }],
    ['neither', {}, { maxFiles: 10, maxTotalSize: 1000 * MB, maxFileSize: 100 * MB }],
    ['a huge count', { maxFiles: 2 ** 40, files: { a: { maxFileSize: 1 } } }, { maxTotalSize: 2 ** 40 }],
  ])('follow from %s', (_, options, limits) => {
    expect(resolve(options)).toMatchObject(limits)
  })

  it('bound the request', () => {
    const { maxRequestSize } = resolve({ files: { a: { maxCount: 1, maxFileSize: '1MB' } } })
    expect(maxRequestSize).toBeGreaterThan(2 * MB)
    expect(maxRequestSize).toBeLessThan(5 * MB)
  })
})

describe('other options about files', () => {
  it.each<[string, object, RegExp]>([
    ['an unknown digest', { digest: 'crc32' }, /^digest must be one or several of 'md5', .*; it is 'crc32'/],
    ['a digest in upper case', { digest: ['sha256', 'SHA1'] }, /it is 'SHA1'/],
    ['no digest', { digest: [] }, /^digest must be .*; it is \[\]/],
    ['a digest that is no string', { digest: true }, /^digest must be/],
    [
      'an unknown disposition',
      { disposition: 'download' },
      /^disposition must be 'inline' or 'attachment'; it is 'do/,
    ],
    ['detect as a string', { detect: 'yes' }, /^detect must be true or false/],
    ['allowEmpty as a number', { allowEmpty: 0 }, /^allowEmpty must be true or false/],
    ['a negative minFileSize', { minFileSize: -1 }, /^minFileSize must be/],
    [
      'minFileSize above maxFileSize',
      { minFileSize: 2, maxFileSize: 1 },
      /^minFileSize must be at most the maximum/,
    ],
    ['an onFile that is no function', { onFile: true }, /^onFile must be a function/],
    [
      'a type without a size',
      { accept: { 'image/*': undefined } },
      /^accept must be .*; 'image\/\*' has no size/,
    ],
    [
      'a type with a wrong size',
      { accept: { 'image/*': 'x' } },
      /^accept\['image\/\*'\] must be a finite number/,
    ],
  ])('throw TypeError for %s', (_, options, message) => {
    expect(() => resolve(options)).toThrow(TypeError)
    expect(() => resolve(options)).toThrow(message)
  })
})
