import { streamToS3 } from 's3-upstream'
import { startS3 } from 's3-upstream/testing'
import { afterEach, describe, expect, it } from 'vitest'
import type { StreamToS3Options } from '../../src/options/options.ts'
import type { IncomingRequest } from '../../src/shared/types.ts'
import { bytes, MB } from '../support/bytes.ts'
import { forgetETag, hold } from '../support/faults.ts'
import { filePart, formBody } from '../support/form-body.ts'
import { incoming, slices } from '../support/incoming.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { until } from '../support/until.ts'
import { uploaders } from '../support/uploaders.ts'

const s3 = await useStorage()
const PART = 5 * MB

const warnings: Error[] = []
const onWarning = (warning: Error) => warnings.push(warning)
process.on('warning', onWarning)
afterEach(() => {
  expect(warnings.splice(0).map(({ message }) => message)).toEqual([])
})

describe.each(uploaders)('with the $name', ({ uploader }) => {
  const upload = (request: IncomingRequest, options: Partial<StreamToS3Options> = {}) =>
    streamToS3(request, { bucket: BUCKET, client: s3.oneTry, uploader, ...options })
  const count = (operation: string) => s3.requests.filter(request => request.operation === operation).length

  describe('the first error', () => {
    it('ends the form at once, whatever the cleanup takes, and is the one that is told', async () => {
      const release = hold(s3, 'AbortMultipartUpload')
      let given = 0
      function* chunks() {
        const small = filePart('small', 'small', 'a'.repeat(6 * MB))
        const others = ['b', 'c', 'd'].map(name => filePart(name, name, 'a'.repeat(PART + 1)))
        const refused = filePart('e', 'e', 'e', 'text/html')
        for (const chunk of slices(formBody([small, ...others, refused]), 65_536)) {
          given += chunk.length
          yield chunk
        }
      }
      const outcome = upload(incoming(chunks()), {
        maxFileSize: '5.5MB',
        accept: 'text/plain',
        maxDrainSize: '1MB',
      }).catch(error => error)
      await until(() => count('AbortMultipartUpload') === 1)
      for (let turn = 0; turn < 100; turn++) await new Promise(resolve => setImmediate(resolve))
      expect(count('CreateMultipartUpload')).toBe(1)
      expect(given).toBeLessThan(8 * MB)
      release()
      expect(await outcome).toMatchObject({ code: 'FILE_TOO_LARGE', field: 'small' })
      expectNothingLeft(s3)
    })

    it.each(['CreateMultipartUpload', 'UploadPart'])(
      'is told at once when %s fails and the client sends no more',
      async failing => {
        s3.fault(({ operation }) =>
          operation === failing ? { status: 403, code: 'AccessDenied' } : undefined,
        )
        async function* stalling() {
          yield formBody([filePart('a', 'a', bytes(2 * PART + 10))], '')
          await new Promise(() => {})
        }
        await expect(upload(incoming(stalling()))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
        expectNothingLeft(s3)
      },
    )

    it.each(['key', 'params', 'validate'] as const)('ends an upload whose %s() never settles', async hook => {
      const controller = new AbortController()
      const never = () => {
        queueMicrotask(() => controller.abort())
        return new Promise<never>(() => {})
      }
      const form = formBody([filePart('a', 'a', bytes(PART + 10))])
      const outcome = upload(incoming(slices(form, 65_536)), { [hook]: never, signal: controller.signal })
      await expect(outcome).rejects.toMatchObject({ code: 'CANCELLED' })
      expectNothingLeft(s3)
    })
  })

  it('an async onProgress that rejects fails the upload, an async onError does not hide its error', async () => {
    const form = () => incoming([formBody([filePart('a', 'a', 'a')])])
    const onProgress = async () => {
      throw new Error('a bug')
    }
    await expect(upload(form(), { onProgress })).rejects.toThrow('a bug')
    expectNothingLeft(s3)

    const onError = async () => {
      throw new Error('log is full')
    }
    await expect(upload(form(), { onError, accept: 'image/*' })).rejects.toMatchObject({
      code: 'TYPE_NOT_ACCEPTED',
    })
    await until(() => warnings.length > 0)
    expect(warnings.splice(0).map(({ message }) => message)).toEqual(['onError failed: Error: log is full'])
  })

  it.each([{ concurrency: 1 }, { concurrency: 3, maxS3Requests: 1 }])(
    'no commit starts after another one has failed: $concurrency, $maxS3Requests',
    async options => {
      s3.fault(({ operation, n }) =>
        operation === 'PutObject' && n === 1 ? { status: 403, code: 'AccessDenied' } : undefined,
      )
      const form = formBody([...'abc'].map(name => filePart(name, name, name)))
      await expect(upload(incoming([form]), options)).rejects.toMatchObject({
        code: 'STORAGE_FAILED',
      })
      expect(s3.requests.map(({ operation }) => operation)).toEqual(['PutObject'])
    },
  )

  it('nothing is in flight any more when it rejects, not even the question for an ETag', async () => {
    forgetETag(s3.oneTry, 'CompleteMultipartUpload')
    const asked = until(() => count('HeadObject') > 0)
    const refused = until(() =>
      s3.requests.some(({ operation, status }) => operation === 'PutObject' && status === 403),
    )
    s3.fault(({ operation }) =>
      operation === 'PutObject' ? { until: asked, status: 403, code: 'AccessDenied' } : undefined,
    )
    s3.fault(({ operation }) => (operation === 'HeadObject' ? { until: refused } : undefined))
    const form = formBody([filePart('a', 'a', bytes(PART + 1)), filePart('b', 'b', 'b')])
    await expect(upload(incoming(slices(form, 65_536)))).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
    expect(s3.requests.filter(({ status }) => status === undefined)).toEqual([])
    const operations = s3.requests.map(({ operation }) => operation)
    expect(operations.indexOf('HeadObject')).toBeLessThan(operations.indexOf('DeleteObject'))
    expectNothingLeft(s3)
  })

  it('many uploads share a signal, many files a form and many parts a file without a warning of leaks', async () => {
    const { signal } = new AbortController()
    const many = Array.from({ length: 12 }, (_, index) => filePart(`f${index}`, 'a', 'a'))
    const form = () => incoming(slices(formBody(many), 1000))
    await Promise.all(
      Array.from({ length: 20 }, () => upload(form(), { signal, maxFiles: 12, concurrency: 12 })),
    )
    const large = incoming(slices(formBody([filePart('a', 'a', bytes(13 * PART))]), 65_536))
    await upload(large, { signal, concurrency: 12 })
    expect(s3.objects(BUCKET)).toHaveLength(20 * 12 + 1)
  })

  it('an error of a hook carries what could not be removed', async () => {
    s3.fault(({ operation }) =>
      operation === 'AbortMultipartUpload' ? { status: 403, code: 'AccessDenied' } : undefined,
    )
    const form = formBody([filePart('a', 'a', bytes(2 * PART)), filePart('b', 'b', 'b')])
    const key = async ({ field }: { field: string }) => {
      if (field === 'b') await until(() => count('UploadPart') > 0)
      if (field === 'b') throw new Error('refused')
      return field
    }
    const error = await upload(incoming(slices(form, 65_536)), { key }).catch(error => error)
    expect(error.message).toBe('refused')
    expect(error.leftovers).toMatchObject([
      { bucket: BUCKET, key: 'a', uploadId: s3.uploads(BUCKET)[0]?.uploadId },
    ])
  })

  it('asks for the ETag that the answer to CompleteMultipartUpload leaves out', async () => {
    forgetETag(s3.oneTry, 'CompleteMultipartUpload')
    const form = formBody([filePart('a', 'a', bytes(PART + 1))])
    const { files } = await upload(incoming(slices(form, 65_536)))
    expect(files[0]?.etag).toMatch(/-2$/)
    expect(files[0]?.etag).toBe(s3.objects(BUCKET)[0]?.etag)
  })

  it('never has more S3 requests in flight than its concurrency', async () => {
    let most = 0
    s3.fault(() => {
      most = Math.max(most, s3.requests.filter(({ status }) => status === undefined).length)
      return undefined
    })
    const form = formBody([...'abc'].map(name => filePart(name, name, bytes(PART + 1))))
    await upload(incoming(slices(form, 65_536)), { concurrency: 1 })
    expect(most).toBe(1)
  })
})

it('a held file that cannot be sent early fails the upload although the client sends no more', async () => {
  s3.fault(({ operation }) =>
    operation === 'UploadPart' ? { status: 403, code: 'AccessDenied' } : undefined,
  )
  async function* stalling() {
    yield formBody([filePart('a', 'a', bytes(100_000)), filePart('b', 'b', bytes(PART - 10))], '')
    await new Promise(() => {})
  }
  const outcome = streamToS3(incoming(stalling()), {
    bucket: BUCKET,
    client: s3.oneTry,
    memoryBudget: '5MB',
  })
  await expect(outcome).rejects.toMatchObject({ code: 'STORAGE_FAILED' })
  expectNothingLeft(s3)
})

it('an object never appears after a rejection, not even when Upload fails beside its own request', async () => {
  const { libStorage } = await import('s3-upstream/lib-storage')
  const own = await startS3({ buckets: [BUCKET] })
  const { client } = own
  const config = new Proxy(client.config, {
    get: (target, name) =>
      name === 'endpoint'
        ? () => Promise.reject(new Error('endpoint lookup failed'))
        : Reflect.get(target, name),
  })
  const wrapped = { config, send: client.send.bind(client) } as typeof client
  const request = incoming([formBody([filePart('a', 'a', 'a')])])
  const outcome = streamToS3(request, { bucket: BUCKET, client: wrapped, uploader: libStorage() })
  await expect(outcome).rejects.toThrow('endpoint lookup failed')
  await until(() => own.requests.every(({ status }) => status !== undefined))
  expect(own.objects(BUCKET)).toEqual([])
  await own.close()
})

it('a request with something else in the place of a socket is uploaded', async () => {
  const request = Object.assign(incoming([formBody([filePart('a', 'a', 'a')])]), {
    socket: { remoteAddress: '::1' },
  })
  const { files } = await streamToS3(request, { bucket: BUCKET, client: s3.client })
  expect(files).toHaveLength(1)
})

it.each(['preamble', 'epilogue'])('a form without end in its %s is refused, declared or not', async where => {
  const form = formBody([filePart('a', 'a', 'a')])
  function* endless() {
    if (where === 'epilogue') yield form
    for (let sent = 0; sent < 100 * MB; sent += MB) yield Buffer.alloc(MB)
    if (where === 'preamble') yield form
  }
  const limits = { maxFileSize: 1000, maxFiles: 1, maxFields: 0, maxDrainSize: 0 }
  const outcome = streamToS3(incoming(endless()), { bucket: BUCKET, client: s3.client, ...limits })
  await expect(outcome).rejects.toMatchObject({ code: 'REQUEST_TOO_LARGE', status: 413 })
  expectNothingLeft(s3)
})
