import { S3Client } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { s3Upload as expressUpload } from '../../adapters/express.ts'
import { s3Upload as httpUpload } from '../../adapters/http.ts'
import { s3Upload as koaUpload } from '../../adapters/koa.ts'
import { OPTIONS } from '../../src/options/option-table.ts'
import { resolveOptions } from '../../src/options/resolve-options.ts'
import { GiB, MiB } from '../../src/shared/sizes.ts'
import { libStorage } from '../../src/storage/lib-storage.ts'

// Accepts anything that a developer can write without TypeScript.
// biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
const resolve = (...args: any[]) => (resolveOptions as any)(...args)

describe('resolveOptions', () => {
  it('accepts a bucket, a bucket and options, or options', () => {
    const expected = { bucket: 'b', maxFiles: 3 }
    expect(resolve('b')).toMatchObject({ bucket: 'b', maxFiles: 10 })
    expect(resolve('b', { maxFiles: 3 })).toMatchObject(expected)
    expect(resolve({ bucket: 'b', maxFiles: 3 })).toMatchObject(expected)
  })

  it('has a finite default for every limit', () => {
    expect(resolve('b')).toMatchObject({
      prefix: '',
      maxFileSize: 100 * MiB,
      maxFiles: 10,
      maxTotalSize: 1000 * MiB,
      maxFields: 100,
      maxFieldSize: 64 * 1024,
      maxFieldNameSize: 100,
      maxParts: 120,
      partSize: 5 * MiB,
      concurrency: 4,
      respond: true,
    })
  })

  it('reads an explicit undefined as the default', () => {
    const options = Object.fromEntries(Object.keys(OPTIONS).map(name => [name, undefined]))
    expect(Object.keys(options)).toHaveLength(42)
    expect(resolve('b', options)).toEqual(resolve('b'))
  })

  it('computes maxTotalSize from maxFiles and maxFileSize', () => {
    expect(resolve('b', { maxFiles: 3, maxFileSize: '2MB' }).maxTotalSize).toBe(6 * MiB)
    expect(resolve('b', { maxFiles: 3, maxFileSize: '2MB', maxTotalSize: 5 }).maxTotalSize).toBe(5)
  })

  it('reads sizes from strings', () => {
    expect(resolve('b', { maxFileSize: '1.5GB', partSize: '8 mb', maxFieldSize: 0 })).toMatchObject({
      maxFileSize: 1.5 * GiB,
      partSize: 8 * MiB,
      maxFieldSize: 0,
    })
  })

  it('limits maxFileSize to 10,000 parts of the size of the memory budget, for the part writer only', () => {
    const options = { memoryBudget: '16MB', maxFileSize: '5TB' }
    expect(resolve('b', options).maxFileSize).toBe(10_000 * 16 * MiB)
    expect(resolve('b', { ...options, partSize: '1GB', uploader: libStorage() })).toMatchObject({
      maxFileSize: 5 * 1024 * GiB,
      partSize: GiB,
    })
    expect(resolve('b', { memoryBudget: '256MB', maxFileSize: '2TB' }).maxFileSize).toBe(2 * 1024 * GiB)
  })

  it('returns frozen options and does not modify those given', () => {
    const options = Object.freeze({ bucket: 'b', accept: Object.freeze(['image/*']) })
    expect(Object.isFrozen(resolve(options))).toBe(true)
  })

  it('keeps the identity of hooks, client and signal, and copies params', () => {
    const hooks = { key() {}, validate() {}, onProgress() {}, onError() {} }
    const options = { ...hooks, client: { config: {}, send() {} }, signal: new AbortController().signal }
    const resolved = resolve('b', options)
    for (const [name, value] of Object.entries(options)) expect(resolved[name], name).toBe(value)
    const params = { CacheControl: 'no-store' }
    const copy = resolve('b', { params }).params
    params.CacheControl = 'max-age=1'
    expect(copy).toEqual({ CacheControl: 'no-store' })
    const paramsFor = () => params
    expect(resolve('b', { params: paramsFor }).params).toBe(paramsFor)
  })

  it('limits times to the longest timer of Node', () => {
    expect(resolve('b', { idleTimeout: '1000d' }).idleTimeout).toBe(2 ** 31 - 1)
  })

  it.each([
    [
      'an unknown option',
      { maxSize: 1 },
      /^Unknown option 'maxSize'\. The options are bucket, client, key, prefix, .*, signal, respond\.$/,
    ],
    [
      'an unreadable size',
      { maxFileSize: '25 potatoes' },
      /^maxFileSize must be .*'25MB'; it is '25 potatoes'\.$/,
    ],
    ['an infinite size', { maxFileSize: Number.POSITIVE_INFINITY }, /maxFileSize .*finite.*Infinity/],
    ['a negative size', { maxTotalSize: -1 }, /maxTotalSize/],
    [
      'a part size below the minimum',
      { partSize: '1MB' },
      /partSize must be between 5 MB and .*; it is 1 MB/,
    ],
    [
      'a file size beyond 10,000 parts',
      { maxFileSize: '60TB' },
      /maxFileSize must be at most .* \(10000 S3 parts of .*\); it is 60 TB/,
    ],
    ['an unreadable budget', { memoryBudget: 'much' }, /memoryBudget must be a finite number of bytes/],
    [
      'a budget without room for a part',
      { memoryBudget: '4MB' },
      /memoryBudget must hold at least one S3 part of 5 MB; it is 4 MB/,
    ],
    [
      'a part larger than the budget',
      { memoryBudget: '16MB', partSize: '17MB' },
      /one S3 part of 17 MB; it is 16 MB/,
    ],
    ['no S3 requests', { maxS3Requests: 0 }, /maxS3Requests must be an integer of at least 1/],
    ['unsignedPayload as a string', { unsignedPayload: 'no' }, /unsignedPayload must be true or false/],
    ['no files', { maxFiles: 0 }, /maxFiles must be an integer of at least 1; it is 0/],
    ['a count with a fraction', { concurrency: 1.5 }, /concurrency/],
    ['a count as a string', { maxFields: '10' }, /maxFields must be an integer of at least 0; it is '10'/],
    ['a key that is not a function', { key: 'a.jpg' }, /key must be a function; it is 'a.jpg'/],
    ['a hook that is not a function', { onError: {} }, /onError must be a function; it is \{\}/],
    ['a prefix that is not a string', { prefix: 5 }, /prefix must be a string; it is 5/],
    ['no bucket', { bucket: '' }, /bucket must be a non-empty string; it is ''/],
    [
      'an unknown extension in accept',
      { accept: ['image/*', '.unheard-of'] },
      /accept must be media types or extensions such as 'image\/\*'.*; '\.unheard-of' is not a known extension/,
    ],
    ['an empty accept', { accept: [] }, /accept must be media types.*; it is \[\]/],
    ['an accept of no strings', { accept: 5 }, /accept must be media types.*; it is 5/],
    [
      'params that the library sets',
      { params: { Key: 'a', Body: 'b' } },
      /params must not contain Key, Body/,
    ],
    ['an unknown ifExists', { ifExists: 'skip' }, /ifExists must be 'overwrite' or 'fail'; it is 'skip'/],
    ['params that are not an object', { params: 'private' }, /params must be an object.*; it is 'private'/],
    [
      'libStorage without a call',
      { uploader: libStorage },
      /uploader must be an uploader, such as libStorage\(\); it is \[Function: libStorage\]/,
    ],
    [
      'an uploader with stage() instead of open()',
      { uploader: { stage: async () => ({}) } },
      /uploader\.open\(\) is missing; stage\(\) is now a method of the object that open\(target, scope\) returns/,
    ],
    [
      'a controller as the signal',
      { signal: new AbortController() },
      /signal must be an AbortSignal; it is .*AbortController/,
    ],
    ['respond as a string', { respond: 'no' }, /respond must be true or false/],
    ['a client without send', { client: {} }, /client must be an S3Client from @aws-sdk\/client-s3/],
  ])('throws TypeError for %s', (_, options, message) => {
    const all = { bucket: 'b', ...options }
    expect(() => resolve(all)).toThrow(TypeError)
    expect(() => resolve(all)).toThrow(message)
  })

  it.each([undefined, null, 5])('throws TypeError for %s instead of options', value => {
    expect(() => resolve(value)).toThrow(TypeError)
    expect(() => resolve(value)).toThrow(`Pass a bucket name or an object of options, not ${value}.`)
  })

  it('rejects a client of SDK v2 and accepts both clients of SDK v3', async () => {
    // The shape of `new AWS.S3()` of aws-sdk 2: operations as methods, a config, no send.
    const v2 = { config: {}, putObject() {}, upload() {}, makeRequest() {} }
    expect(() => resolve('b', { client: v2 })).toThrow(
      /AWS SDK v2 \(aws-sdk\).*npm install @aws-sdk\/client-s3/,
    )
    const client = new S3Client({ region: 'eu-west-1' })
    expect(resolve('b', { client }).client).toBe(client)
    const { S3 } = await import('@aws-sdk/client-s3')
    const aggregated = new S3({ region: 'eu-west-1' })
    expect(resolve('b', { client: aggregated }).client).toBe(aggregated)
  })

  // biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
  it.each<[string, (...args: any[]) => unknown]>([
    ['express', expressUpload],
    ['koa', koaUpload],
    ['http', httpUpload],
  ])('checks options when the application creates a route of %s', (_, s3Upload) => {
    expect(() => s3Upload('b', { maxFileSise: '1MB' })).toThrow(TypeError)
    expect(s3Upload('b')).toBeTypeOf('function')
    expect(s3Upload({ bucket: 'b' })).toHaveProperty('name', 's3Upload')
  })

  it('rejects respond: false for node:http, which has no next handler', () => {
    // biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
    expect(() => httpUpload('b', { respond: false } as any)).toThrow(/use streamToS3/)
  })
})

it.each([0, -1, 1.5])('rejects a queueSize of %s in libStorage', queueSize => {
  expect(() => libStorage({ queueSize })).toThrow(/queueSize must be a whole number above 0/)
})
