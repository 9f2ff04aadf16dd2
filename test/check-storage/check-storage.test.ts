import {
  ListObjectVersionsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3'
import { checkStorage } from 's3-upstream'
import type { Fault, S3Operation } from 's3-upstream/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'

const s3 = await useStorage()

const NAMES = [
  'PutObject',
  'GetObject',
  'PutObject with If-None-Match',
  'DeleteObject',
  'CreateMultipartUpload',
  'UploadPart',
  'ListMultipartUploads',
  'AbortMultipartUpload',
  'CompleteMultipartUpload',
  'CompleteMultipartUpload with If-None-Match',
  'DeleteObject with If-Match',
]

const check = (options = {}) => checkStorage({ client: s3.oneTry, bucket: BUCKET, ...options })

async function failedOf(options = {}) {
  const { ok, checks, leftovers } = await check(options)
  expect(checks.map(({ name }) => name)).toEqual(NAMES)
  for (const { ok, hint } of checks) expect(hint === undefined).toBe(ok)
  const failed = checks.filter(({ ok }) => !ok)
  expect(ok).toBe(!failed.some(({ required }) => required))
  return { ok, leftovers, failed: failed.map(({ name }) => name), hints: failed.map(({ hint }) => hint) }
}

async function versionsLeft() {
  const { Versions = [], DeleteMarkers = [] } = await s3.client.send(
    new ListObjectVersionsCommand({ Bucket: BUCKET }),
  )
  return [...Versions, ...DeleteMarkers]
}

async function setVersioning(Status: 'Enabled' | 'Suspended') {
  const VersioningConfiguration = { Status }
  await s3.client.send(new PutBucketVersioningCommand({ Bucket: BUCKET, VersioningConfiguration }))
}

const deny = (operation: S3Operation, fault: Fault = { status: 403, code: 'AccessDenied' }) =>
  s3.fault(request => (request.operation === operation ? fault : undefined))

describe.each([undefined, 'Enabled', 'Suspended'] as const)('checkStorage, versioning %s', versioning => {
  async function prepare() {
    if (versioning !== undefined) await setVersioning(versioning)
  }
  async function expectNothing() {
    expectNothingLeft(s3)
    expect(await versionsLeft()).toEqual([])
  }

  it('is ok, and leaves nothing', async () => {
    await prepare()
    expect(await failedOf()).toMatchObject({ ok: true, failed: [], leftovers: [] })
    await expectNothing()
  })

  it.each<[S3Operation, string[]]>([
    ['PutObject', ['PutObject', 'GetObject', 'PutObject with If-None-Match', 'DeleteObject']],
    ['GetObject', ['GetObject']],
    ['ListMultipartUploads', ['ListMultipartUploads']],
    ['CreateMultipartUpload', NAMES.slice(4)],
    ['UploadPart', ['UploadPart', ...NAMES.slice(8)]],
    ['CompleteMultipartUpload', NAMES.slice(8)],
  ])('without the permission for %s, fails what needs it and leaves nothing', async (operation, failed) => {
    await prepare()
    deny(operation)
    const outcome = await failedOf()
    expect(outcome).toMatchObject({ ok: operation === 'ListMultipartUploads', failed, leftovers: [] })
    expect(outcome.hints[0]).toMatch(/AccessDenied \(403\).*Give the credentials s3:\w+ for this bucket/)
    await expectNothing()
  })

  it('without the permission for DeleteObject, names what is left', async () => {
    await prepare()
    const repair = deny('DeleteObject')
    const { ok, failed, leftovers } = await failedOf()
    expect({ ok, failed }).toEqual({ ok: false, failed: ['DeleteObject', 'DeleteObject with If-Match'] })
    const left = s3.objects(BUCKET).map(({ key }) => key)
    expect(left).toHaveLength(2)
    expect(leftovers.map(({ key }) => key).sort()).toEqual(left)
    repair()
  })

  it('without the permission for AbortMultipartUpload, names every upload that is left', async () => {
    await prepare()
    deny('AbortMultipartUpload')
    const { ok, failed, leftovers } = await failedOf()
    expect({ ok, failed }).toEqual({ ok: false, failed: ['AbortMultipartUpload'] })
    const left = s3.uploads(BUCKET).map(({ uploadId }) => uploadId)
    expect(left).toHaveLength(2)
    expect(leftovers.map(({ uploadId }) => uploadId).sort()).toEqual(left.sort())
  })

  it.each<S3Operation>(['PutObject', 'CreateMultipartUpload', 'CompleteMultipartUpload', 'DeleteObject'])(
    'finds and removes what a %s created whose response was lost',
    async operation => {
      await prepare()
      s3.fault(request =>
        request.operation === operation && request.n === 1 ? { drop: 'after' } : undefined,
      )
      expect(await failedOf()).toMatchObject({ ok: false, leftovers: [] })
      await expectNothing()
    },
  )

  it.each<S3Operation>(['PutObject', 'CreateMultipartUpload'])(
    'removes both that a %s and its retry created',
    async operation => {
      await prepare()
      s3.fault(request =>
        request.operation === operation && request.n === 1 ? { drop: 'after' } : undefined,
      )
      expect(await failedOf({ client: s3.client })).toMatchObject({ ok: true, failed: [], leftovers: [] })
      await expectNothing()
    },
  )

  it('knows a store that ignores conditions, and leaves nothing there', async () => {
    await prepare()
    const { hints, ...outcome } = await failedOf({ client: clientWithoutConditions() })
    for (const hint of hints) expect(hint).toMatch(/^The store ignores If-/)
    expect(outcome).toEqual({
      ok: true,
      failed: [
        'PutObject with If-None-Match',
        'CompleteMultipartUpload with If-None-Match',
        'DeleteObject with If-Match',
      ],
      leftovers: [],
    })
    await expectNothing()
  })
})

it('removes only what it has made', async () => {
  await setVersioning('Enabled')
  for (const Body of ['1', '2']) {
    await s3.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: 'p/other', Body }))
  }
  await failedOf({ prefix: 'p/' })
  expect((await versionsLeft()).map(({ Key }) => Key)).toEqual(['p/other', 'p/other'])
})

it('uses keys under the prefix, and the parameters, for every request', async () => {
  const params = {
    Metadata: { a: '1' },
    ACL: 'private',
    Tagging: 'a=1',
    ExpectedBucketOwner: '123456789012',
    ObjectLockMode: 'COMPLIANCE',
    ObjectLockRetainUntilDate: new Date(Date.now() + 1e9),
  } as const
  const { checks } = await check({ prefix: 'tenant/a/', params })
  expect(checks[0]?.permission).toBe('s3:PutObject, s3:PutObjectAcl, s3:PutObjectTagging')
  expect(checks.find(({ name }) => name === 'DeleteObject')?.permission).toBe('s3:DeleteObject')
  const keys = new Set(s3.requests.map(({ key }) => key).filter(Boolean))
  expect(keys.size).toBe(2)
  for (const key of keys) expect(key).toMatch(/^tenant\/a\/s3-upstream-check-[\da-f-]{36}$/)
  for (const { operation, headers } of s3.requests) {
    expect(headers['x-amz-expected-bucket-owner'], operation).toBe('123456789012')
    expect(headers['x-amz-object-lock-mode']).toBeUndefined()
    if (['PutObject', 'CreateMultipartUpload'].includes(operation)) expect(headers['x-amz-meta-a']).toBe('1')
  }
})

it('fails at the first check if nothing responds, and sends nothing else', async () => {
  s3.fault(() => ({ hang: true }))
  const { ok, failed, hints, leftovers } = await failedOf({ storageTimeout: 100 })
  expect({ ok, failed }).toEqual({ ok: false, failed: NAMES })
  expect(hints[0]).toMatch(/PutObject .* did not finish within 100 ms/)
  expect(hints[1]).toMatch(/^Not tried/)
  // What the request did is not known.
  expect(leftovers).toHaveLength(1)
  expect(s3.requests.map(({ operation }) => operation)).toEqual(['PutObject', 'HeadObject'])
})

it('ends if the body of GetObject stalls', async () => {
  const { endpoint, region, credentials } = s3
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 })
  onTestFinished(() => client.destroy())
  client.middlewareStack.add(
    (next, { commandName }) =>
      async args => {
        const result = await next(args)
        if (commandName !== 'GetObjectCommand') return result
        const output = result.output as { Body: { transformToByteArray(): Promise<unknown> } }
        await output.Body.transformToByteArray()
        output.Body = { transformToByteArray: () => new Promise(() => {}) }
        return result
      },
    { step: 'initialize' },
  )
  const { failed, hints } = await failedOf({ client, storageTimeout: 500 })
  expect(failed[0]).toBe('GetObject')
  expect(hints[0]).toMatch(/^GetObject for .* did not finish within 500 ms\.$/)
  expectNothingLeft(s3)
})

it('says which bucket does not exist', async () => {
  const { ok, hints, leftovers } = await failedOf({ bucket: 'not-there' })
  expect(ok).toBe(false)
  expect(hints[0]).toMatch(/bucket "not-there" failed: NoSuchBucket \(404\)/)
  expect(leftovers).toEqual([])
})

it('says that a store refuses the checksums of the SDK', async () => {
  s3.fault(({ headers }) =>
    Object.keys(headers).some(
      name => name.startsWith('x-amz-checksum-') || name === 'x-amz-sdk-checksum-algorithm',
    )
      ? { status: 400, code: 'InvalidArgument', message: "Unsupported header 'x-amz-checksum-crc32'" }
      : undefined,
  )
  const { ok, hints } = await failedOf()
  expect(ok).toBe(false)
  expect(hints[0]).toMatch(/requestChecksumCalculation: 'WHEN_REQUIRED'/)
  const { endpoint, region, credentials } = s3
  const config = { endpoint, region, credentials, forcePathStyle: true }
  const client = new S3Client({
    ...config,
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  })
  onTestFinished(() => client.destroy())
  expect(await failedOf({ client })).toMatchObject({ ok: true, failed: [] })
})

it.each([
  [undefined, /bucket must be/],
  [
    { bucket: 'b', prefx: 'a/' },
    /Unknown option 'prefx'\. The options are client, bucket, prefix, params, storageTimeout/,
  ],
  [{ bucket: 's3://b' }, /Write bucket: 'b'/],
  [{ bucket: 'b', client: {} }, /client must be an S3Client/],
  [{ bucket: 'b', params: () => ({}) }, /params must be an object here/],
  [{ bucket: 'b', params: { Key: 'a' } }, /params must not contain Key/],
])('rejects with TypeError for %j', async (options, message) => {
  const outcome = checkStorage(options as never)
  await expect(outcome).rejects.toBeInstanceOf(TypeError)
  await expect(outcome).rejects.toThrow(message)
})

function clientWithoutConditions(): S3Client {
  const { endpoint, region, credentials } = s3
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true, maxAttempts: 1 })
  // Before the signature, which covers these headers.
  const strip =
    (next: (args: unknown) => unknown) => (args: { request: { headers: Record<string, string> } }) => {
      const { headers } = args.request
      for (const name of Object.keys(headers)) if (/^if-(none-)?match$/i.test(name)) delete headers[name]
      return next(args)
    }
  client.middlewareStack.addRelativeTo(strip as never, {
    relation: 'before',
    toMiddleware: 'retryMiddleware',
  })
  onTestFinished(() => client.destroy())
  return client
}
