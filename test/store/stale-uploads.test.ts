import { CreateMultipartUploadCommand, UploadPartCommand } from '@aws-sdk/client-s3'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type AbortStaleUploadsOptions, abortStaleUploads } from '../../src/abort-stale-uploads.ts'
import { bytes, MB } from '../support/bytes.ts'
import { useStore } from '../support/store.ts'

const store = await useStore()
const { client } = store.connect()

client.middlewareStack.add(
  (next, { commandName }) =>
    args =>
      next(
        commandName === 'ListMultipartUploadsCommand'
          ? { ...args, input: { ...args.input, MaxUploads: 2 } }
          : args,
      ),
  { step: 'initialize' },
)

afterEach(() => {
  vi.useRealTimers()
})

async function begin(Key: string): Promise<void> {
  const Bucket = store.bucket
  const { UploadId } = await store.client.send(new CreateMultipartUploadCommand({ Bucket, Key }))
  const part = { Bucket, Key, UploadId, PartNumber: 1, Body: bytes(5 * MB) }
  await store.client.send(new UploadPartCommand(part))
}

/** Ten minutes ahead, for the time of the call: S3 refuses requests whose clock is off by more than fifteen. */
async function abortTenMinutesLater(options: Omit<AbortStaleUploadsOptions, 'client' | 'bucket'>) {
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 600_000 })
  const result = await abortStaleUploads({ client, bucket: store.bucket, ...options })
  vi.useRealTimers()
  return result
}

const KEYS = ['a+b c%20d', 'in/1', 'in/1', 'in/1', 'line\r\nbreak', '\u0001', '写真 "夏" & <x>']

describe('abortStaleUploads', () => {
  it('lets be what is young', async () => {
    await begin('in/1')
    expect(await abortTenMinutesLater({ olderThan: '20m', force: true })).toEqual({ aborted: [], failed: [] })
    expect(await store.uploads()).toEqual(['in/1'])
  })

  it('removes what is old, over several pages, whatever the key', async () => {
    for (const key of KEYS) await begin(key)
    const { aborted, failed } = await abortTenMinutesLater({ olderThan: '5m', force: true })
    expect(failed).toEqual([])
    expect(aborted.map(({ key }) => key).sort()).toEqual([...KEYS].sort())
    for (const { initiated } of aborted) {
      expect(Math.abs(Date.now() - initiated.getTime())).toBeLessThan(60_000)
    }
    await store.expectNothingLeft()
  })

  it('stays below the prefix', async () => {
    for (const key of ['in/1', 'in/2', 'in', 'other/in/3']) await begin(key)
    const { aborted } = await abortTenMinutesLater({ olderThan: '5m', force: true, prefix: 'in/' })
    expect(aborted.map(({ key }) => key).sort()).toEqual(['in/1', 'in/2'])
    expect(await store.uploads()).toEqual(['in', 'other/in/3'])
  })
})
