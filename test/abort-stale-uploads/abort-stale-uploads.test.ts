import {
  CreateMultipartUploadCommand,
  type ListMultipartUploadsCommandInput,
  type S3Client,
} from '@aws-sdk/client-s3'
import type { RecordedRequest } from 's3-upstream/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type AbortStaleUploadsOptions, abortStaleUploads } from '../../src/abort-stale-uploads.ts'
import { hold } from '../support/faults.ts'
import { BUCKET, useStorage } from '../support/storage.ts'
import { until } from '../support/until.ts'

const s3 = await useStorage()
const HOUR = 3_600_000

// The SDK corrects its clock by the Date header. Node writes the real time into it.
for (const { config } of [s3.client, s3.oneTry]) {
  Object.defineProperty(config, 'systemClockOffset', { get: () => 0, set() {} })
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
  s3.oneTry.middlewareStack.remove('smallPages')
})

function later(milliseconds: number): void {
  vi.setSystemTime(Date.now() + milliseconds)
}

async function begin(...keys: string[]): Promise<void> {
  for (const Key of keys) await s3.client.send(new CreateMultipartUploadCommand({ Bucket: BUCKET, Key }))
}

function abortStale(options: Partial<AbortStaleUploadsOptions> = {}) {
  return abortStaleUploads({ client: s3.oneTry, bucket: BUCKET, olderThan: '1h', ...options })
}

const left = () => s3.uploads(BUCKET).map(({ key }) => key)
const sent = (operation: string) => s3.requests.filter(request => request.operation === operation)

/** Makes S3 list this many uploads on a page. The default is 1,000. */
function smallPages(client: S3Client, size: number): void {
  client.middlewareStack.add(
    (next, { commandName }) =>
      args =>
        next(
          commandName === 'ListMultipartUploadsCommand'
            ? { ...args, input: { ...args.input, MaxUploads: size } }
            : args,
        ),
    { name: 'smallPages', step: 'initialize' },
  )
}

describe('abortStaleUploads', () => {
  it('removes old uploads, returns them, and keeps newer ones', async () => {
    const before = Date.now()
    await begin('old')
    const [{ uploadId } = { uploadId: '' }] = s3.uploads(BUCKET)
    later(2 * HOUR)
    await begin('young')

    const result = await abortStale()
    expect(result).toEqual({ aborted: [{ key: 'old', uploadId, initiated: expect.any(Date) }], failed: [] })
    expect(result.aborted[0]?.initiated.getTime()).toBeGreaterThanOrEqual(before - 1000)
    expect(result.aborted[0]?.initiated.getTime()).toBeLessThan(before + HOUR)
    expect(left()).toEqual(['young'])
  })

  it.each([
    { olderThan: HOUR, age: HOUR - 60_000, stays: true },
    { olderThan: HOUR, age: HOUR + 60_000, stays: false },
    { olderThan: '7d', age: 7 * 24 * HOUR - 60_000, stays: true },
    { olderThan: '7d', age: 7 * 24 * HOUR + 60_000, stays: false },
  ] as const)(
    'with olderThan $olderThan, keeps an upload of $age ms: $stays',
    async ({ olderThan, age, stays }) => {
      await begin('a')
      later(age)
      await abortStale({ olderThan })
      expect(left()).toEqual(stays ? ['a'] : [])
    },
  )

  it('returns empty lists for an empty bucket', async () => {
    expect(await abortStale()).toEqual({ aborted: [], failed: [] })
  })

  it('removes only uploads that the prefix selects', async () => {
    await begin('in/a', 'in/b', 'other/c', 'in')
    later(2 * HOUR)
    const { aborted } = await abortStale({ prefix: 'in/' })
    expect(aborted.map(({ key }) => key).sort()).toEqual(['in/a', 'in/b'])
    expect(left()).toEqual(['in', 'other/c'])
  })

  it('with force: true, removes uploads that are younger than an hour', async () => {
    await begin('a')
    later(120_000)
    await abortStale({ olderThan: '1m', force: true })
    expect(left()).toEqual([])
  })

  it('with dryRun: true, returns what it would remove, and removes nothing', async () => {
    await begin('in/a', 'out')
    later(2 * HOUR)
    await begin('in/young')
    const { aborted, failed } = await abortStale({ prefix: 'in/', dryRun: true })
    expect(aborted).toEqual([{ key: 'in/a', uploadId: expect.any(String), initiated: expect.any(Date) }])
    expect(failed).toEqual([])
    expect(sent('AbortMultipartUpload')).toEqual([])
    expect(left()).toEqual(['in/a', 'in/young', 'out'])
    expect((await abortStale({ prefix: 'in/' })).aborted).toEqual(aborted)
  })

  it('lists once if the store takes the prefix for a prefix, and all uploads if that is not certain', async () => {
    await begin('in/', 'in/a', 'other')
    later(2 * HOUR)
    await abortStale({ prefix: 'in/a', dryRun: true })
    expect(sent('ListMultipartUploads')).toHaveLength(2)
    const { aborted } = await abortStale({ prefix: 'in/' })
    expect(aborted.map(({ key }) => key)).toEqual(['in/', 'in/a'])
    expect(sent('ListMultipartUploads')).toHaveLength(3)
  })

  it('reads every page, also if a page ends between two uploads of one key', async () => {
    await begin('a', 'b', 'b', 'b', 'b', 'c', 'd')
    later(2 * HOUR)
    smallPages(s3.oneTry, 2)
    const { aborted } = await abortStale()
    expect(aborted.map(({ key }) => key).sort()).toEqual(['a', 'b', 'b', 'b', 'b', 'c', 'd'])
    expect(new Set(aborted.map(({ uploadId }) => uploadId)).size).toBe(7)
    expect(sent('ListMultipartUploads')).toHaveLength(4)
    expect(left()).toEqual([])
  })

  it('removes more uploads than fit on a page', async () => {
    for (let batch = 0; batch < 11; batch++) {
      await Promise.all(Array.from({ length: 100 }, (_, n) => begin(`${batch}/${n}`)))
    }
    later(2 * HOUR)
    const { aborted } = await abortStale()
    expect(aborted).toHaveLength(1100)
    expect(sent('ListMultipartUploads')).toHaveLength(2)
    expect(left()).toEqual([])
  })

  it.each(['a+b c%20d', 'ü/写真 "夏" & <x>.jpg', 'line\r\nbreak', '\u0001\u001f', ' a ', '%', '+'])(
    'returns a key unchanged: %j',
    async key => {
      await begin(key, key)
      later(2 * HOUR)
      smallPages(s3.oneTry, 1)
      const { aborted } = await abortStale()
      expect(aborted.map(({ key }) => key)).toEqual([key, key])
      expect(left()).toEqual([])
    },
  )

  describe('decodes keys', () => {
    const Key = 'in/a b+c % \r\n'
    const plain = { Key, NextKeyMarker: Key }
    const aws = 'in/a+b%2Bc+%25+%0D%0A'

    it.each([
      { store: 'AWS', encoded: { EncodingType: 'url', Key: aws, NextKeyMarker: aws } },
      { store: 'Ceph 16', encoded: { ...plain, Key: 'in/a%20b%2Bc%20%25%20%0D%0A' } },
      { store: 'a store that never encodes', encoded: plain },
    ])('listed by $store', async ({ encoded }) => {
      const seen: object[] = []
      const client = {
        config: {},
        async send({ input }: { input: ListMultipartUploadsCommandInput & { UploadId?: string } }) {
          seen.push(input)
          if (input.UploadId) return {}
          const { Key, ...page } = input.EncodingType ? encoded : plain
          const [UploadId, IsTruncated] = input.KeyMarker ? ['2', false] : ['1', true]
          const Uploads = [{ Key, UploadId, Initiated: new Date(0) }]
          return { ...page, NextUploadIdMarker: UploadId, IsTruncated, Uploads }
        },
      }
      const { aborted } = await abortStale({ client: client as unknown as S3Client })
      expect(aborted).toMatchObject([
        { key: Key, uploadId: '1' },
        { key: Key, uploadId: '2' },
      ])
      expect(seen).toContainEqual({ Bucket: BUCKET, Key, UploadId: '2' })
      expect(seen).toContainEqual(expect.objectContaining({ KeyMarker: Key, UploadIdMarker: '1' }))
    })
  })

  describe('a store that', () => {
    interface Listed {
      Key?: string | undefined
      UploadId?: string | undefined
      Initiated?: unknown
    }
    type Input = ListMultipartUploadsCommandInput & Listed
    const OLD = new Date(0)
    const upload = (Key?: string, UploadId = Key, Initiated: unknown = OLD) => ({ Key, UploadId, Initiated })

    /** A store that lists what it is told, knows uploads by these keys, and remembers the aborts. */
    function storeOf(
      list: (input: Input, n: number) => unknown,
      knows: (key: string) => boolean = () => true,
    ) {
      const aborts: string[] = []
      let pages = 0
      const client = {
        config: {},
        async send({ input }: { input: Input }) {
          if (input.UploadId === undefined) return list(input, ++pages)
          aborts.push(`${input.Key} ${input.UploadId}`)
          if (!knows(`${input.Key}`)) throw Object.assign(new Error('none'), { name: 'NoSuchUpload' })
          return {}
        },
      }
      return { client: client as unknown as S3Client, aborts, pages: () => pages }
    }

    it('takes the prefix for a whole key, as MinIO does: lists all, and selects here', async () => {
      const all = ['in/a', 'in/b', 'in', 'inside', 'other/in/c']
      const store = storeOf(({ Prefix }) => ({
        Uploads: all.filter(key => !Prefix || key === Prefix).map(key => upload(key, 'id')),
      }))
      const { aborted } = await abortStale({ client: store.client, prefix: 'in/' })
      expect(aborted.map(({ key }) => key)).toEqual(['in/a', 'in/b'])
      expect(store.aborts).toEqual(['in/a id', 'in/b id'])
    })

    it('ignores the prefix: only what is under it is removed', async () => {
      const store = storeOf(() => ({
        Uploads: ['other', 'in', 'in/a', 'IN/a', 'x/in/a'].map(key => upload(key)),
      }))
      await abortStale({ client: store.client, prefix: 'in/' })
      expect(store.aborts).toEqual(['in/a in/a'])
    })

    it.each<[string, (input: Input, n: number) => object]>([
      ['repeats one marker', () => ({ IsTruncated: true, NextKeyMarker: 'a', Uploads: [upload('a')] })],
      [
        'lists in a circle',
        ({ KeyMarker }) => ({
          IsTruncated: true,
          NextKeyMarker: KeyMarker === 'a' ? 'b' : 'a',
          Uploads: [upload('a'), upload('a')],
        }),
      ],
      ['never stops with empty pages', (_, n) => ({ IsTruncated: true, NextKeyMarker: `${n}` })],
      [
        'never stops with the same page',
        (_, n) => ({ IsTruncated: true, NextKeyMarker: `${n}`, Uploads: [upload('a')] }),
      ],
      [
        'never stops with uploads of others',
        (_, n) => ({ IsTruncated: true, NextKeyMarker: `${n}`, Uploads: [upload(`out/${n}`)] }),
      ],
      ['has more but no marker', () => ({ IsTruncated: true, Uploads: [upload('a')] })],
    ])('%s: the call ends, and removes each upload once', async (_, list) => {
      const store = storeOf(list)
      await abortStale({ client: store.client, prefix: 'a' })
      expect(store.aborts.length).toBeLessThan(2)
      expect(store.pages()).toBeLessThanOrEqual(4000)
    })

    it('allows a listing under the prefix only: what that showed is removed', async () => {
      const store = storeOf(({ Prefix }) => {
        if (Prefix) return { Uploads: [upload('in/')] }
        throw Object.assign(new Error('no'), { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } })
      })
      const { aborted } = await abortStale({ client: store.client, prefix: 'in/' })
      expect(aborted.map(({ key }) => key)).toEqual(['in/'])
    })

    it('fails at the second listing, other than with 403: the call rejects, and removes nothing', async () => {
      const store = storeOf(({ Prefix }) => {
        if (Prefix) return { Uploads: [upload('in/')] }
        throw Object.assign(new Error('no'), { name: 'SlowDown', $metadata: { httpStatusCode: 503 } })
      })
      await expect(abortStale({ client: store.client, prefix: 'in/' })).rejects.toMatchObject({
        code: 'STORAGE_FAILED',
        cause: { name: 'SlowDown' },
      })
      expect(store.aborts).toEqual([])
    })

    it('never responds: the call rejects after two minutes', async () => {
      vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout'] })
      const store = storeOf(() => new Promise(() => {}))
      const outcome = expect(abortStale({ client: store.client })).rejects.toMatchObject({
        code: 'STORAGE_TIMEOUT',
        message: expect.stringContaining('120000 ms'),
      })
      while (store.pages() === 0) await new Promise(resolve => setImmediate(resolve))
      // The SDK has a second to end the request by itself.
      vi.advanceTimersByTime(121_000)
      await outcome
    })

    it('lists uploads without a key, an id or a date: leaves them', async () => {
      const wrong = [upload(), upload(''), upload('a', ''), { Key: 'a' }, null, 5, { UploadId: 'x' }]
      const dates = [undefined, null, new Date(Number.NaN), 'long ago', 0]
      const store = storeOf(() => ({
        Uploads: [...wrong, ...dates.map(date => ({ ...upload('b'), Initiated: date }))],
      }))
      expect(await abortStale({ client: store.client })).toEqual({ aborted: [], failed: [] })
      expect(store.aborts).toEqual([])
    })

    it.each([undefined, null, 'ok'])('answers %j: an error that says so', async page => {
      const { client } = storeOf(() => page)
      await expect(abortStale({ client })).rejects.toThrow(
        /send\(\) of the client resolved with (undefined|null|'ok')/,
      )
    })

    it.each([
      ['says that it encodes, and does not', 'url'],
      ['encodes, and does not say so', undefined],
    ])('%s', async (_, EncodingType) => {
      const keys = ['in/a+b', 'in/100%', 'in/c d', 'in/%20', 'in/ü']
      const encode = EncodingType === undefined ? encodeURIComponent : (key: string) => key
      const store = storeOf(
        () => ({ EncodingType, Uploads: keys.map(key => upload(encode(key).replace('%2F', '/'))) }),
        key => keys.includes(key),
      )
      const { aborted } = await abortStale({ client: store.client, prefix: 'in/' })
      expect(aborted.map(({ key }) => key)).toEqual(keys)
    })

    it('encodes as encodeURI does, with a plus as it is', async () => {
      const keys = ['in/a+b', 'in/c d']
      const store = storeOf(
        () => ({ EncodingType: 'url', Uploads: keys.map(key => upload(encodeURI(key))) }),
        key => keys.includes(key),
      )
      const { aborted } = await abortStale({ client: store.client, prefix: 'in/' })
      expect(aborted.map(({ key }) => key).sort()).toEqual(keys)
      expect(store.aborts.every(abort => abort.startsWith('in/'))).toBe(true)
    })

    it('could mean a key outside of the prefix: only keys under it are tried', async () => {
      const store = storeOf(
        () => ({ EncodingType: 'url', Uploads: [upload('in%2Fa', '1'), upload('in/%2E%2E', '2')] }),
        () => false,
      )
      await abortStale({ client: store.client, prefix: 'in/' })
      expect(store.aborts).toEqual(['in/a 1', 'in/.. 2', 'in/%2E%2E 2'])
    })
  })

  it('continues after an abort that fails, and returns it with its cause', async () => {
    await begin('a', 'b', 'c')
    later(2 * HOUR)
    s3.fault(({ operation, key }) =>
      operation === 'AbortMultipartUpload' && key === 'b' ? { status: 403, code: 'AccessDenied' } : undefined,
    )
    const { aborted, failed } = await abortStale()
    expect(aborted.map(({ key }) => key).sort()).toEqual(['a', 'c'])
    expect(failed).toMatchObject([
      { key: 'b', uploadId: s3.uploads(BUCKET)[0]?.uploadId, initiated: expect.any(Date) },
    ])
    expect(failed[0]?.cause).toMatchObject({
      code: 'STORAGE_FAILED',
      cause: { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } },
    })
  })

  it('counts an upload that another program aborted first as aborted', async () => {
    await begin('a', 'b')
    later(2 * HOUR)
    s3.fault(({ operation, key }) =>
      operation === 'AbortMultipartUpload' && key === 'a' ? { status: 404, code: 'NoSuchUpload' } : undefined,
    )
    const { aborted, failed } = await abortStale()
    expect(aborted.map(({ key }) => key).sort()).toEqual(['a', 'b'])
    expect(failed).toEqual([])
  })

  it('sends at most four aborts at once', async () => {
    await begin(...'abcdefghij')
    later(2 * HOUR)
    const release = hold(s3, 'AbortMultipartUpload')
    const inFlight = ({ operation, status }: RecordedRequest) =>
      operation === 'AbortMultipartUpload' && status === undefined

    const done = abortStale()
    await until(() => s3.requests.filter(inFlight).length === 4)
    for (let round = 0; round < 100; round++) await new Promise(resolve => setImmediate(resolve))
    expect(s3.requests.filter(inFlight)).toHaveLength(4)
    release()
    expect((await done).aborted).toHaveLength(10)
  })

  it("rejects with S3's error if the uploads cannot be listed, and aborts nothing", async () => {
    await begin('a', 'b')
    later(2 * HOUR)
    smallPages(s3.oneTry, 1)
    s3.fault(({ operation, n }) =>
      operation === 'ListMultipartUploads' && n === 2 ? { status: 403, code: 'AccessDenied' } : undefined,
    )
    await expect(abortStale()).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      cause: { name: 'AccessDenied' },
    })
    expect(left()).toEqual(['a', 'b'])
  })

  it.each<[string, object, RegExp]>([
    ['no olderThan', { olderThan: undefined }, /^olderThan must be/],
    ['olderThan 0', { olderThan: 0 }, /^olderThan must be/],
    ['a negative olderThan', { olderThan: '-1d' }, /^olderThan must be/],
    ['an olderThan that is no duration', { olderThan: 'yesterday' }, /it is 'yesterday'/],
    ['no bucket', { bucket: undefined }, /^bucket must be/],
    ['an empty bucket', { bucket: '' }, /^bucket must be/],
    ['a prefix that is no string', { prefix: 5 }, /^prefix must be/],
    [
      'a prefix from a variable that is not set',
      { prefix: undefined },
      /^prefix must not be undefined.*Leave/,
    ],
    [
      'an olderThan below an hour',
      { olderThan: '59m' },
      /^olderThan must be at least '1h'.*'59m'.*force: true/,
    ],
    ['a force that is no boolean', { force: 'yes' }, /^force must be true or false/],
    ['a dryRun that is no boolean', { dryRun: 1 }, /^dryRun must be true or false/],
    ['a client of SDK v2', { client: { config: {}, putObject() {} } }, /AWS SDK v2/],
    ['an unknown option', { prefx: 'in/' }, /^Unknown option 'prefx'. The options are/],
  ])('rejects %s with a TypeError, and sends nothing', async (_, wrong, message) => {
    const outcome = abortStale(wrong)
    await expect(outcome).rejects.toBeInstanceOf(TypeError)
    await expect(outcome).rejects.toThrow(message)
    expect(s3.requests).toEqual([])
  })

  it('rejects a call without options with a TypeError', async () => {
    // @ts-expect-error: without TypeScript, a developer can write this
    await expect(abortStaleUploads()).rejects.toThrow(TypeError)
  })
})
