import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { HeadObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3'
import { streamToS3 } from 's3-upstream'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { StreamToS3Options } from '../../src/options/options.ts'
import type { Uploader } from '../../src/storage/uploader.ts'
import { bytes, MB } from '../support/bytes.ts'
import { filePart, formBody } from '../support/form-body.ts'
import { incoming, slices } from '../support/incoming.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { uploaders } from '../support/uploaders.ts'

const s3 = await useStorage()
const FORM = formBody([filePart('a', 'a', 'small'), filePart('b', 'b', bytes(6 * MB))])

describe.each(uploaders)('rollback() of the $name', ({ uploader }) => {
  const upload = (options: Partial<StreamToS3Options> = {}) =>
    streamToS3(incoming(slices(FORM, 65_536)), { bucket: BUCKET, client: s3.oneTry, uploader, ...options })

  it('removes every object', async () => {
    const result = await upload()
    expect(s3.objects(BUCKET)).toHaveLength(2)
    expect(await result.rollback()).toEqual([])
    expectNothingLeft(s3)
  })

  it('removes or names every object under a key of the application', async () => {
    const result = await upload({ key: ({ field }) => field })
    const named = (await result.rollback()).map(({ key }) => key).sort()
    // An object that S3 seems to have stored a second later than it said may be another writer's.
    expect(s3.objects(BUCKET).map(({ key }) => key)).toEqual(named)
  })

  it('runs once, however often it is called', async () => {
    const result = await upload()
    const [first, second] = [result.rollback(), result.rollback()]
    expect(second).toBe(first)
    await first
    const { length } = s3.requests
    expect(await result.rollback()).toEqual([])
    expect(s3.requests).toHaveLength(length)
  })

  it('is not a part of the JSON, nor of a copy', async () => {
    const result = await upload()
    expect(Object.keys(result)).toEqual(['files', 'fields'])
    expect(JSON.parse(JSON.stringify(result))).not.toHaveProperty('rollback')
  })

  it('says what it could not remove', async () => {
    const result = await upload()
    const [, second] = result.files
    s3.fault(({ operation, key }) =>
      operation === 'DeleteObject' && key === second?.key ? { status: 403, code: 'AccessDenied' } : undefined,
    )
    const named = { bucket: BUCKET, key: second?.key, cause: expect.any(Error) }
    expect(await result.rollback()).toMatchObject([named])
    expect(s3.objects(BUCKET).map(({ key }) => key)).toEqual([second?.key])
  })

  it("leaves another writer's object alone", async () => {
    const result = await upload({ key: ({ field }) => field })
    await s3.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'a', Body: 'of B' }))
    const named = (await result.rollback()).map(({ key }) => key)
    expect(named).not.toContain('a')
    expect(`${s3.objects(BUCKET).find(({ key }) => key === 'a')?.body}`).toBe('of B')
  })

  it('works after the buffers of the upload have been lent to others', async () => {
    const memoryBudget = '16MB'
    const result = await upload({ memoryBudget })
    await upload({ key: ({ field }) => `other/${field}`, memoryBudget })
    expect(await result.rollback()).toEqual([])
    expect(s3.objects(BUCKET).map(({ key }) => key)).toEqual(['other/a', 'other/b'])
  })

  it('works after the signal of the application has been aborted', async () => {
    const controller = new AbortController()
    const result = await upload({ signal: controller.signal })
    controller.abort()
    expect(await result.rollback()).toEqual([])
    expectNothingLeft(s3)
  })

  it('aborts the signal of the upload first, as the contract of uploaders says', async () => {
    const aborted: boolean[] = []
    const watched: Uploader = {
      open(target, scope) {
        const object = uploader.open(target, scope)
        return {
          stage: bytes => object.stage(bytes),
          commit: () => object.commit(),
          abort() {
            aborted.push(scope.signal.aborted)
            return object.abort()
          },
        }
      },
    }
    const result = await upload({ uploader: watched })
    expect(aborted).toEqual([])
    expect(await result.rollback()).toEqual([])
    expect(aborted).toEqual([true, true])
    expectNothingLeft(s3)
  })

  it('keeps no bytes of a file in memory, also after a lost attempt', async () => {
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc') as () => void
    const bodies: WeakRef<object>[] = []
    s3.client.middlewareStack.add(
      next => args => {
        const { Body } = args.input as { Body?: object }
        if (Body) bodies.push(new WeakRef(Body))
        return next(args)
      },
      { name: 'noteBodies', step: 'initialize' },
    )
    onTestFinished(() => void s3.client.middlewareStack.remove('noteBodies'))
    s3.fault(({ operation, n }) => (operation === 'PutObject' && n === 1 ? { drop: 'after' } : undefined))
    const result = await upload({ client: s3.client })
    expect(bodies.length).toBeGreaterThan(2)
    for (let round = 0; round < 20 && bodies.some(body => body.deref()); round++) {
      await new Promise(resolve => setImmediate(resolve))
      gc()
    }
    expect(bodies.filter(body => body.deref()).length).toBe(0)
    expect(await result.rollback()).toEqual([])
    expectNothingLeft(s3)
  })

  it('finds nothing to remove if the objects are gone', async () => {
    const result = await upload()
    s3.reset()
    expect(await result.rollback()).toEqual([])
    await expect(
      s3.client.send(new HeadObjectCommand({ Bucket: BUCKET, Key: `${result.files[0]?.key}` })),
    ).rejects.toThrow()
  })
})
