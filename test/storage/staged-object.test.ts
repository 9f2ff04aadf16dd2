import { describe, expect, it } from 'vitest'
import { bytes, MB } from '../support/bytes.ts'
import { hold } from '../support/faults.ts'
import { createScope, sourceOf, targetFor } from '../support/scope.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { until } from '../support/until.ts'
import { uploaders } from '../support/uploaders.ts'

const s3 = await useStorage()
const PART = 5 * MB
const FAULT = { status: 403, code: 'AccessDenied' }
const STOPPED = new Error('the upload has failed')

const operations = () => s3.requests.map(({ operation }) => operation)
const count = (operation: string) => operations().filter(name => name === operation).length

/** As many rounds of the event loop as anything that could start would need. */
async function idle() {
  for (let round = 0; round < 20; round++) await new Promise(resolve => setImmediate(resolve))
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending')
  await idle()
  return (await Promise.race([promise, pending])) === pending
}

describe.each(uploaders)('an object of the $name', ({ uploader }) => {
  it('sends nothing when it is opened', async () => {
    const { scope } = createScope(s3.oneTry)
    uploader.open(targetFor('a'), scope)
    await idle()
    expect(operations()).toEqual([])
  })

  it.each(['CreateMultipartUpload', 'UploadPart'])(
    'rejects stage() at once when %s fails while the client still sends, and leaves the cleanup to abort()',
    async failing => {
      s3.fault(({ operation }) => (operation === failing ? FAULT : undefined))
      const { scope, fail, leftovers } = createScope(s3.oneTry)
      const object = uploader.open(targetFor('a'), scope)
      const staged = object.stage(sourceOf([bytes(PART), bytes(10)], 'waits'))
      const error = await staged.catch(error => error)
      expect(error).toMatchObject({ code: 'STORAGE_FAILED' })
      expect(operations()).not.toContain('AbortMultipartUpload')
      fail(error)
      await object.abort()
      expectNothingLeft(s3)
      expect(leftovers).toEqual([])
    },
  )

  it('rejects stage() at once with the error of its source', async () => {
    const { scope, fail } = createScope(s3.oneTry)
    const object = uploader.open(targetFor('a'), scope)
    const staged = object.stage({
      async forEachChunk(take) {
        await take(bytes(PART + 1))
        throw STOPPED
      },
    })
    await expect(staged).rejects.toBe(STOPPED)
    fail(STOPPED)
    await object.abort()
    expectNothingLeft(s3)
  })

  it('can be aborted before stage(), which sends nothing then', async () => {
    const { scope, fail } = createScope(s3.oneTry)
    const object = uploader.open(targetFor('a'), scope)
    fail(STOPPED)
    await object.abort()
    await expect(object.stage(sourceOf([bytes(2 * PART)]))).rejects.toBe(STOPPED)
    await idle()
    expect(operations()).toEqual([])
  })

  it('can be aborted while stage() waits for the client', async () => {
    const { scope, fail, budget, limiter } = createScope(s3.oneTry)
    const object = uploader.open(targetFor('a'), scope)
    const staged = object
      .stage(sourceOf([bytes(PART), bytes(PART), bytes(10)], 'waits'))
      .catch(error => error)
    await until(() => count('UploadPart') > 0)
    fail(STOPPED)
    await object.abort()
    expect(await staged).toBe(STOPPED)
    expectNothingLeft(s3)
    expect(budget.inUse).toBe(0)
    expect(limiter.inUse).toBe(0)
  })

  it('resolves abort() only when the CreateMultipartUpload that stage() sent has ended', async () => {
    const release = hold(s3, 'CreateMultipartUpload')
    const { scope, fail } = createScope(s3.oneTry)
    const object = uploader.open(targetFor('a'), scope)
    const staged = object.stage(sourceOf([bytes(2 * PART)])).catch(error => error)
    await until(() => count('CreateMultipartUpload') > 0)
    fail(STOPPED)
    const aborted = object.abort()
    expect(await staged).toBe(STOPPED)
    expect(await isPending(aborted)).toBe(true)
    release()
    await aborted
    expect(count('AbortMultipartUpload')).toBe(1)
    expectNothingLeft(s3)
  })

  it.each([
    { size: 10, commit: 'PutObject' },
    { size: PART + 1, commit: 'CompleteMultipartUpload' },
  ] as const)('waits in abort() for the $commit that commit() sent', async ({ size, commit }) => {
    const release = hold(s3, commit)
    const { scope, fail } = createScope(s3.oneTry)
    const object = uploader.open(targetFor('a'), scope)
    await object.stage(sourceOf([bytes(size)]))
    const committed = object.commit()
    await until(() => count(commit) > 0)
    fail(STOPPED)
    const aborted = object.abort()
    expect(await isPending(aborted)).toBe(true)
    release()
    expect(await committed).toMatchObject({ size })
    await aborted
    expect(count('DeleteObject')).toBe(1)
    expectNothingLeft(s3)
  })

  it('can be aborted twice, and each abort() resolves when everything is removed', async () => {
    const { scope, fail } = createScope(s3.oneTry)
    const object = uploader.open(targetFor('a'), scope)
    await object.stage(sourceOf([bytes(10)]))
    await object.commit()
    fail(STOPPED)
    object.abort()
    await object.abort()
    expectNothingLeft(s3)
    await object.abort()
    expect(count('DeleteObject')).toBe(1)
  })

  it('removes a file that is staged and not committed', async () => {
    const { scope, fail, budget } = createScope(s3.oneTry)
    const objects = [10, PART + 1].map((size, index) => ({
      size,
      object: uploader.open(targetFor(`${index}`), scope),
    }))
    for (const { size, object } of objects) await object.stage(sourceOf([bytes(size)]))
    expect(s3.objects(BUCKET)).toEqual([])
    fail(STOPPED)
    await Promise.all(objects.map(({ object }) => object.abort()))
    expect(operations()).not.toContain('PutObject')
    expectNothingLeft(s3)
    expect(budget.inUse).toBe(0)
  })

  it('keeps the permit of a failed commit until abort(), so that no other commit starts before', async () => {
    s3.fault(({ operation, n }) => (operation === 'PutObject' && n === 1 ? FAULT : undefined))
    const { scope, fail, limiter } = createScope(s3.oneTry, { concurrency: 1 })
    const [first, second] = ['a', 'b'].map(key => uploader.open(targetFor(key), scope))
    for (const object of [first, second]) await object?.stage(sourceOf([bytes(10)]))
    const failed = first?.commit()
    const waiting = second?.commit()
    const error = await failed?.catch(error => error)
    expect(error).toMatchObject({ code: 'STORAGE_FAILED' })
    await idle()
    expect(operations()).toEqual(['PutObject'])

    fail(error)
    await expect(waiting).rejects.toBe(error)
    await Promise.all([first?.abort(), second?.abort()])
    expect(operations()).toEqual(['PutObject'])
    expect(limiter.inUse).toBe(0)
    expectNothingLeft(s3)
  })
})
