import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3'
import { streamToS3, type UploadError } from 's3-upstream'
import type { Fault, RecordedRequest } from 's3-upstream/testing'
import { describe, expect, it, onTestFinished } from 'vitest'
import type { StreamToS3Options } from '../../src/options/options.ts'
import { bytes, MB } from '../support/bytes.ts'
import { filePart, formBody } from '../support/form-body.ts'
import { incoming, slices } from '../support/incoming.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { uploaders } from '../support/uploaders.ts'

const s3 = await useStorage()

const KEY = 'mine'
const SMALL = bytes(10)
const LARGE = bytes(5 * MB + 1)
const SIZES = [
  { size: 'small', body: SMALL, operation: 'PutObject' },
  { size: 'large', body: LARGE, operation: 'CompleteMultipartUpload' },
] as const

/** The request that makes the object visible: its first `count` times have a fault. */
function faultyCommit(fault: Fault, count = Number.POSITIVE_INFINITY) {
  s3.fault(({ operation, n }) => (isCommit(operation) && n <= count ? fault : undefined))
}

function isCommit(operation: string): boolean {
  return operation === 'PutObject' || operation === 'CompleteMultipartUpload'
}

function commits(): RecordedRequest[] {
  return s3.requests.filter(({ operation }) => isCommit(operation))
}

const store = (Body: string) => s3.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: KEY, Body }))
const stored = () => s3.objects(BUCKET).map(({ key, body }) => [key, body.length])

/** A client of the same server, as an application configures it. */
function clientWith(config: ConstructorParameters<typeof S3Client>[0]): S3Client {
  const { endpoint, region, credentials } = s3
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true, ...config })
  onTestFinished(() => client.destroy())
  return client
}

describe.each(uploaders)('a commit of the $name', ({ uploader }) => {
  function upload(body: Buffer, options: Partial<StreamToS3Options> = {}) {
    return streamToS3(incoming(slices(formBody([filePart('f', 'f.bin', body)]), 65_536)), {
      bucket: BUCKET,
      client: s3.client,
      uploader,
      key: () => KEY,
      ...options,
    })
  }

  async function failed(body: Buffer, options?: Partial<StreamToS3Options>): Promise<UploadError> {
    return upload(body, options).then(
      () => expect.unreachable('The upload succeeded'),
      error => error,
    )
  }

  const conflict = { status: 409, code: 'ConditionalRequestConflict' }

  it('is tried again after a conflict, if the bytes are still there', async () => {
    faultyCommit(conflict, 2)
    await upload(SMALL, { ifExists: 'fail' })
    expect(commits().map(({ status }) => status)).toEqual([409, 409, 200])
    expect(stored()).toEqual([[KEY, SMALL.length]])
  })

  it.each(SIZES)('of a $size file fails with STORAGE_CONFLICT when the conflict lasts', async ({ body }) => {
    faultyCommit(conflict)
    const error = await failed(body, { ifExists: 'fail' })
    expect(error).toMatchObject({ code: 'STORAGE_CONFLICT', status: 503, leftovers: [] })
    expect(error.headers['Retry-After']).toMatch(/^\d+$/)
    expectNothingLeft(s3)
  })

  it('that conflicts has no effect, also if the upload is cancelled before the next attempt', async () => {
    const controller = new AbortController()
    s3.fault(({ operation }) => {
      if (operation !== 'PutObject') return undefined
      setTimeout(() => controller.abort(), 5)
      return conflict
    })
    const error = await failed(SMALL, { ifExists: 'fail', signal: controller.signal })
    expect(error).toMatchObject({ code: 'CANCELLED', leftovers: [] })
    expectNothingLeft(s3)
  })

  it.each(SIZES)('of a $size file succeeds when its retry meets its own object', async ({ body }) => {
    faultyCommit({ drop: 'after' }, 1)
    const { files } = await upload(body, { ifExists: 'fail' })
    expect(commits().length).toBe(2)
    expect(files).toMatchObject([{ key: KEY, size: body.length, etag: s3.objects(BUCKET)[0]?.etag }])
    expect(stored()).toEqual([[KEY, body.length]])
    expect(s3.uploads(BUCKET)).toEqual([])
  })

  it('that meets its own object leaves no multipart upload, where S3 keeps it', async () => {
    s3.fault(({ operation, n }) => {
      if (operation !== 'CompleteMultipartUpload') return undefined
      return n === 1 ? { drop: 'after' } : { status: 412, code: 'PreconditionFailed' }
    })
    const { files } = await upload(LARGE, { ifExists: 'fail' })
    expect(files).toMatchObject([{ key: KEY, etag: s3.objects(BUCKET)[0]?.etag }])
    expect(s3.requests.map(({ operation }) => operation)).toContain('AbortMultipartUpload')
  })

  it('that lost its response, and then met a conflict and its own object, succeeds', async () => {
    s3.fault(({ operation, n }) => {
      if (operation !== 'PutObject') return undefined
      return n === 1 ? { drop: 'after' } : n === 2 ? conflict : undefined
    })
    const { files } = await upload(SMALL, { ifExists: 'fail' })
    expect(commits().map(({ status }) => status)).toEqual([undefined, 409, 412])
    expect(files).toMatchObject([{ key: KEY, etag: s3.objects(BUCKET)[0]?.etag }])
  })

  it.each(SIZES)("of a $size file fails when its retry meets another writer's object", async ({ body }) => {
    s3.fault(async ({ operation, n, headers }) => {
      if (!isCommit(operation) || n > 1 || !headers['if-none-match']) return undefined
      await store('of B')
      return { drop: true }
    })
    const error = await failed(body, { ifExists: 'fail' })
    expect(error).toMatchObject({ code: 'ALREADY_EXISTS', status: 409, leftovers: [] })
    expect(stored()).toEqual([[KEY, 'of B'.length]])
    expect(s3.uploads(BUCKET)).toEqual([])
  })

  const exists = 'PreconditionFailed'
  it.each<{ form: string; fault: Fault }>([
    { form: '412 with a body', fault: { status: 412, code: exists } },
    { form: '412 without a body', fault: { response: { status: 412 } } },
    { form: '200 with an error', fault: { status: 200, code: exists } },
    { form: '200 with an error behind blanks', fault: { blanks: { interval: 1, delay: 5 }, code: exists } },
  ])('that meets an existing object, as $form, is a 409', async ({ fault }) => {
    faultyCommit(fault)
    const error = await failed(LARGE, { ifExists: 'fail' })
    expect(error).toMatchObject({ code: 'ALREADY_EXISTS', status: 409, leftovers: [] })
    expectNothingLeft(s3)
  })

  it.each(SIZES)('of a $size file sends its conditions', async ({ body, size }) => {
    await upload(body, { ifExists: 'fail' })
    const { headers } = commits()[0] as RecordedRequest
    expect(headers['if-none-match']).toBe('*')
    expect(headers['x-amz-mp-object-size']).toBe(size === 'large' ? `${body.length}` : undefined)
    // AWS rejects a condition that an operation does not have.
    const others = s3.requests.filter(({ operation }) => !isCommit(operation))
    expect(others.length).toBeGreaterThan(0)
    expect(others.filter(({ headers }) => headers['if-none-match'] ?? headers['if-match'])).toEqual([])
  })

  it('leaves the size out where the store refuses it, and does not send it again', async () => {
    s3.fault(({ headers }) => {
      return headers['x-amz-mp-object-size'] ? { status: 501, code: 'NotImplemented' } : undefined
    })
    const client = clientWith({})
    await upload(LARGE, { client })
    await upload(LARGE, { client })
    expect(commits().map(({ status }) => status)).toEqual([501, 200, 200])
  })

  const page = { status: 200, headers: { 'content-type': 'text/html' }, body: '<h1>Blocked</h1>' }
  const empty = { status: 200, body: '' }
  it.each(
    SIZES.flatMap(of => [
      { ...of, what: 'a page', response: page },
      { ...of, what: 'an empty response', response: empty },
    ]),
  )('of a $size file that gets $what is no success, and the older object stays', async of => {
    await store('older')
    faultyCommit({ response: of.response })
    const error = await failed(of.body)
    expect(error).toMatchObject({ code: 'STORAGE_FAILED', status: 502 })
    expect(s3.objects(BUCKET).map(({ body }) => `${body}`)).toEqual(['older'])
    expect(s3.uploads(BUCKET)).toEqual([])
  })

  it.each(['text/html', 'text/html; charset=UTF-8'])(
    'that is confirmed as %s, as Swift does, succeeds',
    async type => {
      const headers = { etag: '"1"', 'content-type': type }
      s3.fault(({ operation }) =>
        operation === 'PutObject' ? { response: { status: 200, headers } } : undefined,
      )
      expect((await upload(SMALL)).files).toMatchObject([{ key: KEY, etag: '1' }])
    },
  )

  it('may take longer than storageTimeout while S3 sends blanks', async () => {
    faultyCommit({ blanks: { interval: 50, delay: 1500 } })
    await upload(LARGE, { storageTimeout: 1000 })
    expect(stored()).toEqual([[KEY, LARGE.length]])
  })

  it('fails with 504 when the blanks end without a response', async () => {
    s3.fault(({ operation }) => {
      return isCommit(operation) ? { blanks: { interval: 60_000, delay: 60_000 } } : undefined
    })
    expect(await failed(LARGE, { storageTimeout: 300, client: s3.oneTry })).toMatchObject({
      code: 'STORAGE_TIMEOUT',
      status: 504,
      leftovers: [{ key: KEY }],
    })
  })

  it('sends the customer key with the HeadObject that looks for an existing object', async () => {
    // The server for tests does not implement these headers.
    faultyCommit({ response: { status: 200, headers: { etag: '"1"' } } })
    const params = { SSECustomerAlgorithm: 'AES256', SSECustomerKey: '0'.repeat(32) }
    await upload(SMALL, { ifExists: 'fail', params })
    const head = s3.requests.find(({ operation }) => operation === 'HeadObject')
    expect(head?.headers['x-amz-server-side-encryption-customer-algorithm']).toBe('AES256')
    expect(head?.headers['x-amz-server-side-encryption-customer-key']).toBeDefined()
  })

  it('goes on when HeadObject cannot tell whether there is an object', async () => {
    s3.fault(({ operation }) =>
      operation === 'HeadObject' ? { status: 400, code: 'BadRequest' } : undefined,
    )
    await upload(SMALL, { ifExists: 'fail' })
    expect(stored()).toEqual([[KEY, SMALL.length]])
  })

  it.each(SIZES)('of a $size file that was lost before a refused connection is looked for', async of => {
    const client = clientWith({ retryStrategy: retryAtOnce(2) })
    attempts(client, of.operation, [
      async send => {
        await send()
        throw Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' })
      },
      refuseConnection,
    ])
    const error = await failed(of.body, { client })
    expect(error).toMatchObject({ code: 'STORAGE_FAILED', leftovers: [{ bucket: BUCKET, key: KEY }] })
    expect(stored()).toEqual([[KEY, of.body.length]])

    await failed(of.body, { client, key: undefined, prefix: 'generated/' })
    expect(stored()).toEqual([[KEY, of.body.length]])
  })

  it.each(SIZES)('of a $size file whose every connection was refused had no effect', async of => {
    const client = clientWith({ retryStrategy: retryAtOnce(3) })
    attempts(client, of.operation, [refuseConnection, refuseConnection, refuseConnection])
    expect(await failed(of.body, { client })).toMatchObject({ code: 'STORAGE_FAILED', leftovers: [] })
    expect(s3.requests.map(({ operation }) => operation)).not.toContain('HeadObject')
    expectNothingLeft(s3)
  })

  const never = () => new Promise<never>(() => {})
  it.each<{ what: string; open: () => S3Client }>([
    { what: 'credentials that never settle', open: () => clientWith({ credentials: never }) },
    { what: 'a region that never settles', open: () => clientWith({ region: never }) },
    {
      what: 'a middleware that never settles',
      open() {
        const client = clientWith({})
        client.middlewareStack.add(() => never, { step: 'build' })
        return client
      },
    },
  ])('with $what ends with 504, and gives its memory back', async ({ open }) => {
    const client = open()
    for (const body of [SMALL, LARGE]) {
      const options = { client, storageTimeout: 100, memoryBudget: '16MB' } as const
      expect(await failed(body, options)).toMatchObject({
        code: 'STORAGE_TIMEOUT',
        status: 504,
        leftovers: [],
      })
    }
    expect(s3.requests).toEqual([])
  })
})

type Attempt = (send: () => Promise<unknown>) => Promise<unknown>

const refuseConnection: Attempt = async () => {
  throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED', syscall: 'connect' })
}

/** What becomes of the attempts of an operation, for each of its requests. */
function attempts({ middlewareStack }: S3Client, operation: string, each: Attempt[]): void {
  let count = 0
  middlewareStack.add(
    (next, { commandName }) =>
      args => {
        if (commandName !== `${operation}Command`) return next(args)
        const attempt = each[count++ % each.length] as Attempt
        return attempt(() => next(args)) as ReturnType<typeof next>
      },
    { step: 'deserialize', priority: 'high', name: 'attempts' },
  )
}

/** Tries again whatever the error, without a delay. */
function retryAtOnce(maxAttempts: number) {
  const token = (count: number) => ({
    getRetryCount: () => count,
    getRetryDelay: () => 0,
    getRetryCost: () => 0,
  })
  return {
    acquireInitialRetryToken: async () => token(0),
    async refreshRetryTokenForRetry(last: { getRetryCount(): number }) {
      const count = last.getRetryCount() + 1
      if (count >= maxAttempts) throw new Error('no further attempt')
      return token(count)
    },
    recordSuccess() {},
  }
}
