import { S3Client } from '@aws-sdk/client-s3'
import { describe, expect, it } from 'vitest'
import { s3Upload as expressUpload } from '../../adapters/express.ts'
import { s3Upload as httpUpload } from '../../adapters/http.ts'
import { s3Upload as koaUpload } from '../../adapters/koa.ts'
import { resolveOptions } from '../../src/options/resolve-options.ts'
import { GiB, MiB } from '../../src/shared/sizes.ts'
import { libStorage } from '../../src/storage/lib-storage.ts'

// What a developer without TypeScript can write.
// biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
const resolve = (...args: any[]) => (resolveOptions as any)(...args)

describe('options', () => {
  it('may be a bucket, a bucket and options, or options', () => {
    const settings = { bucket: 'b', maxFiles: 3 }
    expect(resolve('b')).toMatchObject({ bucket: 'b', maxFiles: 10 })
    expect(resolve('b', { maxFiles: 3 })).toMatchObject(settings)
    expect(resolve({ bucket: 'b', maxFiles: 3 })).toMatchObject(settings)
  })

  it('have finite defaults for every limit', () => {
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

  it('take an explicit undefined for the default', () => {
    const names = Object.keys(resolve('b')).filter(
      name => !['bucket', 'maxParts', 'maxRequestSize'].includes(name),
    )
    const options = Object.fromEntries(names.map(name => [name, undefined]))
    expect(names).toHaveLength(27)
    expect({ ...resolve('b', options), params: 0 }).toEqual({ ...resolve('b'), params: 0 })
  })

  it('read sizes as text', () => {
    expect(resolve('b', { maxFileSize: '1.5GB', partSize: '8 mb', maxFieldSize: 0 })).toMatchObject({
      maxFileSize: 1.5 * GiB,
      partSize: 8 * MiB,
      maxFieldSize: 0,
    })
  })

  it('hold files to what a budget has room for, where it is the budget that they are stored from', () => {
    const options = { memoryBudget: '16MB', maxFileSize: '5TB' }
    expect(resolve('b', options).maxFileSize).toBe(10_000 * 16 * MiB)
    expect(resolve('b', { ...options, partSize: '1GB', uploader: libStorage() })).toMatchObject({
      maxFileSize: 5 * 1024 * GiB,
      partSize: GiB,
    })
    expect(resolve('b', { memoryBudget: '256MB', maxFileSize: '2TB' }).maxFileSize).toBe(2 * 1024 * GiB)
  })

  it('are frozen once resolved, and never changed', () => {
    const options = Object.freeze({ bucket: 'b', accept: Object.freeze(['image/*']) })
    expect(Object.isFrozen(resolve(options))).toBe(true)
  })

  it.each([
    ['an unknown option', { maxSize: 1 }, /Unknown option 'maxSize'. The options are bucket, client, key,/],
    [
      'an unreadable size',
      { maxFileSize: '25 potatoes' },
      /maxFileSize must be .*'25MB'.* it is '25 potatoes'/,
    ],
    ['an infinite size', { maxFileSize: Number.POSITIVE_INFINITY }, /maxFileSize .*finite/],
    ['a negative size', { maxTotalSize: -1 }, /maxTotalSize/],
    ['a part size below the minimum', { partSize: '1MB' }, /partSize must be from 5 MB to .*; it is 1 MB/],
    ['a file size beyond 10,000 parts', { maxFileSize: '60TB' }, /maxFileSize can be at most 10000 parts/],
    ['a budget that is none', { memoryBudget: 'much' }, /memoryBudget must be a number of bytes/],
    [
      'a budget without room for a part',
      { memoryBudget: '4MB' },
      /memoryBudget must have room for one S3 part of 5 MB; it is 4 MB/,
    ],
    [
      'a part beyond the budget',
      { memoryBudget: '16MB', partSize: '17MB' },
      /one S3 part of 17 MB; it is 16 MB/,
    ],
    ['no S3 requests', { maxS3Requests: 0 }, /maxS3Requests must be a whole number from 1/],
    ['unsignedPayload as text', { unsignedPayload: 'no' }, /unsignedPayload must be true or false/],
    ['no files', { maxFiles: 0 }, /maxFiles must be a whole number from 1; it is 0/],
    ['a count with a fraction', { concurrency: 1.5 }, /concurrency/],
    ['a count as text', { maxFields: '10' }, /maxFields must be a whole number from 0; it is '10'/],
    ['a key that is no function', { key: 'a.jpg' }, /key must be a function; it is 'a.jpg'/],
    ['a hook that is no function', { onError: {} }, /onError must be a function/],
    ['a prefix that is no text', { prefix: 5 }, /prefix must be a text; it is 5/],
    ['no bucket', { bucket: '' }, /bucket must be a text that is not empty/],
    [
      'extensions to accept',
      { accept: '.png' },
      /accept must be one or more media types such as 'image\/\*'/,
    ],
    ['nothing to accept', { accept: [] }, /accept must be one or more media types/],
    ['a parameter of ours', { params: { Key: 'a', Body: 'b' } }, /params must not have Key, Body/],
    ['params that are no object', { params: 'private' }, /params must be an object/],
    [
      'an uploader that was not called',
      { uploader: libStorage },
      /uploader must be .* libStorage\(\) called/,
    ],
    [
      'an uploader with stage() instead of open()',
      { uploader: { stage: async () => ({}) } },
      /uploader\.open\(\) is missing; stage\(\) is now a method of the object that open\(target, scope\) returns/,
    ],
    ['a controller for a signal', { signal: new AbortController() }, /signal must be an AbortSignal/],
    ['respond as text', { respond: 'no' }, /respond must be true or false/],
    ['a client that is none', { client: {} }, /client must be an S3Client of @aws-sdk\/client-s3/],
  ])('are refused at creation: %s', (_, options, message) => {
    const all = { bucket: 'b', ...options }
    expect(() => resolve(all)).toThrow(TypeError)
    expect(() => resolve(all)).toThrow(message)
  })

  it.each([undefined, null, 5])('are refused at creation: %s', value => {
    expect(() => resolve(value)).toThrow(TypeError)
  })

  it('refuse a client of SDK v2 by name, and take both clients of v3', async () => {
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
  ])('are checked when a route of %s is made', (_, s3Upload) => {
    expect(() => s3Upload('b', { maxFileSise: '1MB' })).toThrow(TypeError)
    expect(s3Upload('b')).toBeTypeOf('function')
    expect(s3Upload({ bucket: 'b' })).toHaveProperty('name', 's3Upload')
  })

  it('have no respond in node:http, which has nobody to hand on to', () => {
    // biome-ignore lint/suspicious/noExplicitAny: wrong on purpose
    expect(() => httpUpload('b', { respond: false } as any)).toThrow(/use streamToS3/)
  })
})

it.each([0, -1, 1.5])('libStorage refuses a queueSize of %s', queueSize => {
  expect(() => libStorage({ queueSize })).toThrow(/queueSize must be a whole number above 0/)
})
