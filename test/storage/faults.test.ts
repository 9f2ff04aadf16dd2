import { ListObjectVersionsCommand, PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3'
import { defaultMemoryBudget, type UploadError } from 's3-upstream'
import {
  type Fault,
  type RecordedRequest,
  type S3Operation,
  type S3Server,
  startS3,
} from 's3-upstream/testing'
import { afterAll, describe, expect, it } from 'vitest'
import type { S3UploadOptions } from '../../src/options/options.ts'
import type { Uploader } from '../../src/storage/uploader.ts'
import { bytes, MB, sha256 } from '../support/bytes.ts'
import { decideAbout } from '../support/decisions.ts'
import { type FormPart, filePart, formBody } from '../support/form-body.ts'
import { type RouteKind, routes } from '../support/routes.ts'
import { post } from '../support/send.ts'
import { BUCKET } from '../support/storage.ts'
import { until } from '../support/until.ts'
import { uploaders } from '../support/uploaders.ts'

/** Every fault at every operation, for every uploader and form. Each case has a storage and a server of its own. */

const http = routes.find(({ name }) => name === 'node:http') as RouteKind
const LARGE = bytes(5 * MB + 1)

const FORMS: Record<string, FormPart[]> = {
  small: [filePart('a', 'a.txt', 'a small file')],
  large: [filePart('a', 'a.bin', LARGE)],
  mixed: [filePart('a', 'a.txt', 'first'), filePart('b', 'b.bin', LARGE), filePart('c', 'c.txt', 'third')],
}

const STORING: Record<string, S3Operation[]> = {
  small: ['PutObject'],
  large: ['CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'],
  mixed: ['PutObject', 'CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload'],
}

const FAULTS: Record<string, Fault> = {
  'a 500': { status: 500, code: 'InternalError' },
  'a 503': { status: 503, code: 'SlowDown' },
  'a 403': { status: 403, code: 'AccessDenied' },
  'a dropped connection': { drop: true },
  'an answer dropped after the effect': { drop: 'after' },
  'a 500 after the effect': { status: 500, code: 'InternalError', after: true },
  'a hung connection': { hang: true },
  'an answer hung after the effect': { hang: 'after' },
  'a slow answer': { delay: 30 },
}
const EFFECTLESS = ['a 500', 'a 503', 'a 403', 'a dropped connection', 'a hung connection']

let cases = 0
afterAll(() => {
  process.stdout.write(`fault matrix: ${cases} cases\n`)
  expect(defaultMemoryBudget).toMatchObject({ inUse: 0, waiting: 0 })
})

interface World {
  s3: S3Server
  send(form: Buffer): ReturnType<typeof post>
  errors: UploadError[]
}

async function inWorld(
  { attempts, ...options }: { attempts: number } & Partial<S3UploadOptions>,
  test: (world: World) => Promise<void>,
) {
  cases++
  const s3 = await startS3({ buckets: [BUCKET], requirePartChecksums: true })
  const { endpoint, region, credentials } = s3
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: attempts })
  const errors: UploadError[] = []
  const onError = (error: unknown) => errors.push(error as UploadError)
  const route = await http.open({ bucket: BUCKET, client, onError, ...options })
  try {
    await test({ s3, errors, send: form => post(route.url, form) })
  } finally {
    await route.close()
    client.destroy()
    await s3.close()
  }
}

function failAt(operation: S3Operation, fault: Fault) {
  return (request: RecordedRequest) => (request.operation === operation ? fault : undefined)
}

function expectStored(s3: S3Server, form: string) {
  const stored = s3.objects(BUCKET).map(({ body }) => sha256(body))
  const sent = (FORMS[form] as FormPart[]).map(({ body = '' }) => sha256(Buffer.from(body)))
  expect(stored.sort()).toEqual(sent.sort())
  expect(s3.uploads(BUCKET)).toEqual([])
}

/** All that is left is named by the error: its uploads and objects, by their ids and keys. */
function expectOnlyLeftovers(
  s3: S3Server,
  error: UploadError | undefined,
): { left: string[]; named: string[] } {
  const left = [
    ...s3.objects(BUCKET).map(({ key }) => key),
    ...s3.uploads(BUCKET).map(({ uploadId }) => uploadId),
  ]
  const named = error?.leftovers.map(({ key, uploadId }) => uploadId ?? key) ?? []
  expect(named).toEqual(expect.arrayContaining(left))
  return { left, named }
}

async function expectNextToWork({ s3, send }: World) {
  s3.reset()
  expect((await send(formBody([filePart('next', 'next.txt', 'next')]))).status).toBe(201)
  expect(s3.objects(BUCKET)).toHaveLength(1)
}

/** Long enough for a busy machine where nothing hangs; where something does, each such case waits for it. */
const timeLimit = (fault: string) => (fault.includes('hung') ? '2s' : '60s')

interface Setup {
  name: string
  uploader: Uploader
  decisions?: Partial<S3UploadOptions>
}

const setups: Setup[] = [
  ...uploaders,
  ...uploaders.map(({ name, uploader }) => ({
    name: `${name}, with decisions about each file`,
    uploader,
    decisions: decideAbout('a', 'b', 'c', 'next'),
  })),
]

describe.concurrent.each(setups)('the $name', ({ uploader, decisions }: Setup) => {
  const combinations = (operations: S3Operation[]) =>
    operations.flatMap(operation =>
      Object.keys(FAULTS).flatMap(fault => Object.keys(FORMS).map(form => ({ operation, fault, form }))),
    )

  it.for(combinations(['PutObject', 'CreateMultipartUpload', 'UploadPart', 'CompleteMultipartUpload']))(
    'at $operation of a $form form meets $fault',
    async ({ operation, fault, form }) => {
      const met = STORING[form]?.includes(operation) ?? false
      const storageTimeout = met ? timeLimit(fault) : '60s'
      await inWorld({ attempts: 1, uploader, ...decisions, storageTimeout }, async world => {
        const { s3, send, errors } = world
        s3.fault(failAt(operation, FAULTS[fault] as Fault))
        const reply = await send(formBody(FORMS[form] as FormPart[]))
        if (!met || fault === 'a slow answer') {
          expect(reply.status).toBe(201)
          expectStored(s3, form)
        } else {
          const code = fault.includes('hung') ? 'STORAGE_TIMEOUT' : 'STORAGE_FAILED'
          expect(reply).toMatchObject({ status: code === 'STORAGE_TIMEOUT' ? 504 : 502, json: { code } })
          expect(errors).toMatchObject([{ code, leftovers: [] }])
          expect(errors[0]?.cause).toBeInstanceOf(Error)
          expect(expectOnlyLeftovers(s3, errors[0]).left).toEqual([])
        }
        await expectNextToWork(world)
      })
    },
  )

  it.for(combinations(['AbortMultipartUpload']))(
    'cleaning up after a cut $form form meets $fault',
    async ({ fault, form }) => {
      await inWorld(
        { attempts: 1, uploader, ...decisions, storageTimeout: timeLimit(fault) },
        async world => {
          const { s3, send, errors } = world
          s3.fault(failAt('AbortMultipartUpload', FAULTS[fault] as Fault))
          // The first error is told, whatever becomes of the cleanup.
          expect(await send(formBody(FORMS[form] as FormPart[], ''))).toMatchObject({
            json: { code: 'TRUNCATED_BODY' },
          })
          expect(errors).toMatchObject([{ code: 'TRUNCATED_BODY' }])
          const { left, named } = expectOnlyLeftovers(s3, errors[0])
          expect(left).toHaveLength(form !== 'small' && EFFECTLESS.includes(fault) ? 1 : 0)
          // An answer that is lost each time may be named although it is gone, never the other way round.
          if (!fault.includes('after the effect')) expect(named).toEqual(left)
          await expectNextToWork(world)
        },
      )
    },
  )

  it.for(combinations(['DeleteObject']).filter(({ form }) => form === 'mixed'))(
    'rolling back a half commit meets $fault',
    async ({ fault }) => {
      await inWorld(
        { attempts: 1, uploader, ...decisions, storageTimeout: timeLimit(fault) },
        async world => {
          const { s3, send, errors } = world
          s3.fault(failAt('CompleteMultipartUpload', { status: 403, code: 'AccessDenied' }))
          s3.fault(failAt('DeleteObject', FAULTS[fault] as Fault))
          expect(await send(formBody(FORMS.mixed as FormPart[]))).toMatchObject({
            json: { code: 'STORAGE_FAILED' },
          })
          const { left, named } = expectOnlyLeftovers(s3, errors[0])
          expect(left).toHaveLength(EFFECTLESS.includes(fault) ? 2 : 0)
          if (!fault.includes('after the effect')) expect(named.sort()).toEqual(left.sort())
          await expectNextToWork(world)
        },
      )
    },
  )

  // Faults that pass: the SDK tries again.
  const passing = combinations([
    'PutObject',
    'CreateMultipartUpload',
    'UploadPart',
    'CompleteMultipartUpload',
  ]).filter(({ operation, fault, form }) => STORING[form]?.includes(operation) && /a 50|drop/.test(fault))
  it.for(passing)('at $operation of a $form form gets over $fault', async ({ operation, fault, form }) => {
    await inWorld(
      { attempts: 3, uploader, ...decisions, storageTimeout: '60s' },
      async ({ s3, send, errors }) => {
        s3.fault(request => (request.operation === operation && request.n === 1 ? FAULTS[fault] : undefined))
        expect((await send(formBody(FORMS[form] as FormPart[]))).status).toBe(201)
        expect(errors).toEqual([])
        expectStored(s3, form)
      },
    )
  })

  const ours = ['PutObject', 'CompleteMultipartUpload'] as const
  it.for(
    ours.flatMap(operation =>
      ['an answer dropped after the effect', 'a 500 after the effect'].map(fault => ({ operation, fault })),
    ),
  )(
    'at $operation under a key of the user meets $fault, and knows its own object',
    async ({ operation, fault }) => {
      await inWorld(
        { attempts: 1, uploader, ...decisions, key: ({ field }) => field },
        async ({ s3, send, errors }) => {
          s3.fault(failAt(operation, FAULTS[fault] as Fault))
          await send(formBody(FORMS.mixed as FormPart[]))
          expect(errors).toMatchObject([{ code: 'STORAGE_FAILED' }])
          const { left, named } = expectOnlyLeftovers(s3, errors[0])
          expect(left.length).toBeGreaterThan(0)
          expect(named.sort()).toEqual(left.sort())
        },
      )
    },
  )

  it.for(['older', 'newer'])(
    'never removes an object with the same key, be its bytes %s, when an answer is lost',
    async second => {
      await inWorld(
        { attempts: 1, uploader, ...decisions, key: ({ field }) => field },
        async ({ s3, send, errors }) => {
          expect((await send(formBody([filePart('a', 'a', 'older')]))).status).toBe(201)
          s3.fault(failAt('PutObject', { drop: true }))
          await send(formBody([filePart('a', 'a', second)]))
          expect(errors).toMatchObject([{ code: 'STORAGE_FAILED' }])
          // The same bytes may be ours or not.
          expect(errors[0]?.leftovers.map(({ key }) => key)).toEqual(second === 'older' ? ['a'] : [])
          expect(s3.objects(BUCKET).map(({ body }) => body.toString())).toEqual(['older'])
        },
      )
    },
  )

  it('never removes an object that another upload has put over its own', async () => {
    await inWorld(
      { attempts: 1, uploader, ...decisions, key: ({ field }) => field },
      async ({ s3, send, errors }) => {
        const committed = until(() => s3.objects(BUCKET).some(({ body }) => body.toString() === 'mine'))
        let replaced = false
        s3.fault(({ operation }) =>
          operation === 'CompleteMultipartUpload'
            ? { until: committed.then(() => until(() => replaced)), status: 403, code: 'AccessDenied' }
            : undefined,
        )
        const mine = send(formBody([filePart('a', 'a', 'mine'), filePart('b', 'b', LARGE)]))
        await committed
        expect((await send(formBody([filePart('a', 'a', 'theirs')]))).status).toBe(201)
        replaced = true
        expect((await mine).status).toBe(502)
        expect(errors).toMatchObject([{ code: 'STORAGE_FAILED', leftovers: [] }])
        expect(s3.objects(BUCKET).map(({ body }) => body.toString())).toEqual(['theirs'])
      },
    )
  })

  it('removes every version that its attempts have made', async () => {
    await inWorld({ attempts: 3, uploader, ...decisions }, async ({ s3, send, errors }) => {
      const versioning = { Bucket: BUCKET, VersioningConfiguration: { Status: 'Enabled' } } as const
      await s3.client.send(new PutBucketVersioningCommand(versioning))
      s3.fault(({ operation, n }) =>
        operation === 'PutObject' && n === 1 ? FAULTS['a 500 after the effect'] : undefined,
      )
      s3.fault(failAt('CompleteMultipartUpload', { status: 403, code: 'AccessDenied' }))
      expect((await send(formBody(FORMS.mixed as FormPart[]))).status).toBe(502)
      expect(errors).toMatchObject([{ leftovers: [] }])
      const { Versions = [], DeleteMarkers = [] } = await s3.client.send(
        new ListObjectVersionsCommand({ Bucket: BUCKET }),
      )
      expect([...Versions, ...DeleteMarkers]).toEqual([])
    })
  })
})
