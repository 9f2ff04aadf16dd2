import { setTimeout as wait } from 'node:timers/promises'
import { createMemoryBudget } from 's3-upstream'
import { describe, expect, it } from 'vitest'
import { createLender, type Loan } from '../../src/memory/memory-budget.ts'
import type { S3UploadOptions } from '../../src/options/options.ts'
import type { UploadError } from '../../src/shared/errors.ts'
import { partWriter } from '../../src/storage/part-writer.ts'
import type { StagedObject, StoredObject, Uploader, UploadScope } from '../../src/storage/uploader.ts'
import { bytes } from '../support/bytes.ts'
import { FORM_TYPE, type FormPart, filePart, formBody } from '../support/form-body.ts'
import { type RouteKind, routes, useRunningRoutes } from '../support/routes.ts'
import { open, post, replyTo } from '../support/send.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { until } from '../support/until.ts'

const s3 = await useStorage()
const running = useRunningRoutes()
const TIMEOUT_MS = 200

const FILE = filePart('file', 'file.bin', bytes(300_000))
const STORED: StoredObject = { size: 300_000, etag: 'etag' }
const never = () => new Promise<never>(() => {})
const readAll: StagedObject['stage'] = bytes => bytes.forEachChunk(() => {}, new AbortController().signal)

/** An uploader that keeps its contract but for what a test says. */
function uploaderWith(changes: Partial<StagedObject>, onOpen?: (scope: UploadScope) => void): Uploader {
  return {
    open(_target, scope) {
      onOpen?.(scope)
      return { stage: readAll, commit: async () => STORED, abort: async () => {}, ...changes }
    },
  }
}

async function openRoute(uploader: unknown, options: Partial<S3UploadOptions> = {}) {
  const { open } = routes.find(({ name }) => name === 'node:http') as RouteKind
  const route = await open({
    bucket: BUCKET,
    client: s3.oneTry,
    uploader: uploader as Uploader,
    key: ({ field }) => field,
    storageTimeout: TIMEOUT_MS,
    ...options,
  })
  running.push(route)
  return route
}

async function send(uploader: unknown, parts: FormPart[] = [FILE], options: Partial<S3UploadOptions> = {}) {
  const errors: UploadError[] = []
  const onError = (error: unknown) => errors.push(error as UploadError)
  const route = await openRoute(uploader, { onError, ...options })
  const { status, json } = await post(route.url, formBody(parts))
  return { status, code: json.code, error: errors[0] as UploadError, json }
}

const thrown = new Error('out of paper')

describe('an uploader', () => {
  it('that keeps its contract stores a file', async () => {
    expect(await send(uploaderWith({}))).toMatchObject({ status: 201, json: { files: [STORED] } })
  })

  it.each<[string, unknown, string]>([
    [
      'whose open() throws',
      {
        open() {
          throw thrown
        },
      },
      'out of paper',
    ],
    ['whose open() returns nothing', { open() {} }, 'stage(), commit() and abort()'],
    [
      'whose handle has no abort()',
      { open: () => ({ stage: readAll, commit: never }) },
      'stage(), commit() and abort()',
    ],
    ['whose stage() rejects', uploaderWith({ stage: () => Promise.reject(thrown) }), 'out of paper'],
    [
      'whose stage() throws',
      uploaderWith({
        stage() {
          throw thrown
        },
      }),
      'out of paper',
    ],
    ['that throws what is no Error', uploaderWith({ stage: () => Promise.reject('paper') }), 'paper'],
    ['that throws undefined', uploaderWith({ stage: () => Promise.reject(undefined) }), 'undefined'],
    [
      'whose stage() returns no promise',
      uploaderWith({ stage: () => undefined as unknown as Promise<void> }),
      'before it had read all bytes',
    ],
    ['that reads no bytes', uploaderWith({ stage: async () => {} }), 'before it had read all bytes'],
    ['whose commit() rejects', uploaderWith({ commit: () => Promise.reject(thrown) }), 'out of paper'],
    [
      'whose commit() returns nothing',
      uploaderWith({ commit: async () => undefined as unknown as StoredObject }),
      'size and etag',
    ],
    [
      'that stores fewer bytes',
      uploaderWith({ commit: async () => ({ ...STORED, size: 1 }) }),
      'S3 stored 1 bytes for "file" in bucket "uploads", but the upload received 300000 bytes',
    ],
  ])('%s ends in 502', async (_, uploader, message) => {
    const { status, error } = await send(uploader)
    expect({ status, code: error.code }).toEqual({ status: 502, code: 'STORAGE_FAILED' })
    expect(error.message).toContain(message)
    expect(error.leftovers).toEqual([])
  })

  it('that throws an error of its own is named as the cause', async () => {
    const { error } = await send(uploaderWith({ stage: () => Promise.reject(thrown) }))
    expect(error.cause).toBe(thrown)
  })

  it.each<[string, Uploader, string]>([
    ['whose stage() never settles', uploaderWith({ stage: never }), 'stage()'],
    [
      'that reads every byte and then stays silent',
      uploaderWith({ stage: bytes => readAll(bytes).then(never) }),
      'stage()',
    ],
    [
      'that never takes a chunk',
      uploaderWith({ stage: bytes => bytes.forEachChunk(never, new AbortController().signal) }),
      'stage()',
    ],
    ['whose commit() never settles', uploaderWith({ commit: never }), 'commit()'],
  ])('%s ends in 504', async (_, uploader, method) => {
    const { status, error } = await send(uploader)
    expect({ status, code: error.code }).toEqual({ status: 504, code: 'STORAGE_TIMEOUT' })
    expect(error.message).toBe(`${method} of the uploader showed no progress for ${TIMEOUT_MS} ms.`)
    expect(error.leftovers).toEqual([])
  })

  it.each<[string, StagedObject['abort']]>([
    ['never settles', never],
    ['rejects', () => Promise.reject(thrown)],
  ])('whose abort() %s is named in the leftovers', async (_, abort) => {
    const { status, error } = await send(uploaderWith({ abort, stage: () => Promise.reject(thrown) }))
    expect(status).toBe(502)
    expect(error.leftovers).toMatchObject([{ bucket: BUCKET, key: 'file', cause: expect.any(Error) }])
  })

  it('that hides that a file is too large still refuses it', async () => {
    const uploader = uploaderWith({ stage: bytes => readAll(bytes).catch(() => {}) })
    expect(await send(uploader, [FILE], { maxFileSize: 200_000 })).toMatchObject({
      status: 413,
      code: 'FILE_TOO_LARGE',
    })
  })

  it('that waits for a slow client for longer than its limit is no fault', async () => {
    const uploader: Uploader = { open: (target, scope) => partWriter.open(target, scope) }
    const route = await openRoute(uploader)
    const body = formBody([FILE])
    const client = open(route.url, { 'content-type': FORM_TYPE, 'content-length': `${body.length}` })
    const reply = replyTo(client)
    client.write(body.subarray(0, 100_000))
    await wait(3 * TIMEOUT_MS)
    client.end(body.subarray(100_000))
    expect(await reply).toMatchObject({ status: 201, json: { files: [{ size: 300_000 }] } })
  })
})

it('leaves nothing when it fails after bytes have arrived', async () => {
  await send(uploaderWith({ commit: never }), [FILE, filePart('second', 'b', 'b')])
  expectNothingLeft(s3)
})

describe('memory that an uploader has borrowed and does not release', () => {
  const LENGTH = 1024 * 1024
  let memory: UploadScope['memory']
  let loan: Loan

  function borrower(changes: Partial<StagedObject>): Uploader {
    return uploaderWith(changes, scope => {
      memory = scope.memory
      loan = memory.tryBorrow(LENGTH) as Loan
    })
  }

  /** The buffer must not be lent to another upload: this uploader may still write to it. */
  function expectDropped(budget: ReturnType<typeof createLender>): void {
    expect(budget).toMatchObject({ inUse: 0, waiting: 0 })
    loan.release()
    expect(budget.tryBorrow(LENGTH)?.buffer.buffer).not.toBe(loan.buffer.buffer)
    expect(budget.inUse).toBe(LENGTH)
    expect(() => memory.tryBorrow(LENGTH)).toThrow('has ended')
  }

  it.each<[string, number, Partial<StagedObject>]>([
    ['when its stage() never settles', 504, { stage: never }],
    ['when nothing of it ever settles', 504, { stage: never, abort: never }],
    ['when its commit() never settles', 504, { commit: never }],
    ['when it has stored its file', 201, {}],
  ])('returns to the budget %s', async (_, expected, changes) => {
    const memoryBudget = createLender(8 * LENGTH)
    const { status } = await send(borrower(changes), [FILE], { memoryBudget })
    expect(status).toBe(expected)
    expectDropped(memoryBudget)
  })

  it('returns to the budget when the server aborts its signal', async () => {
    const memoryBudget = createLender(8 * LENGTH)
    const controller = new AbortController()
    const stage = () => {
      controller.abort()
      return never()
    }
    const options = { memoryBudget, signal: controller.signal }
    const { status, code } = await send(borrower({ stage }), [FILE], options)
    expect({ status, code }).toEqual({ status: 503, code: 'CANCELLED' })
    expectDropped(memoryBudget)
  })

  it('lets another upload continue that waits for it', async () => {
    const memoryBudget = createMemoryBudget('5MB')
    const silent = uploaderWith({ stage: never }, scope => scope.memory.tryBorrow(5 * LENGTH))
    const first = send(silent, [FILE], { memoryBudget })
    await until(() => memoryBudget.inUse > 0)
    const second = send(partWriter, [FILE], { memoryBudget })
    expect((await first).status).toBe(504)
    expect((await second).status).toBe(201)
  })
})
