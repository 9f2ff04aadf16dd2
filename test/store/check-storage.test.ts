import { PutBucketVersioningCommand, S3Client } from '@aws-sdk/client-s3'
import { checkStorage } from 's3-upstream'
import { expect, it, onTestFinished } from 'vitest'
import { useStore } from '../support/store.ts'

const store = await useStore()

/** Checks that fail at stores that are known: docs/providers.md. Of others they are only printed. */
const KNOWN: Record<string, Record<string, string[]>> = {
  embedded: { 'without versions': [], Enabled: [], Suspended: [] },
  'ceph-16': {
    'without versions': ['CompleteMultipartUpload with If-None-Match', 'DeleteObject with If-Match'],
    Enabled: [
      'PutObject with If-None-Match',
      'CompleteMultipartUpload with If-None-Match',
      'DeleteObject with If-Match',
    ],
    Suspended: ['CompleteMultipartUpload with If-None-Match', 'DeleteObject with If-Match'],
  },
}

it.each(['without versions', 'Enabled', 'Suspended'] as const)(
  'tells what the store can do and leaves nothing: %s',
  async versioning => {
    if (versioning !== 'without versions') {
      const VersioningConfiguration = { Status: versioning }
      await store.client.send(
        new PutBucketVersioningCommand({ Bucket: store.bucket, VersioningConfiguration }),
      )
    }
    const { client, bucket } = store
    const result = await checkStorage({ client, bucket, prefix: 'a b/ä/', params: { Metadata: { a: '1' } } })
    const failed = result.checks.filter(({ ok }) => !ok)
    process.stdout.write(`${store.name}, ${versioning}: ${JSON.stringify(failed, null, 2)}\n`)
    expect(result).toMatchObject({ ok: true, leftovers: [] })
    await store.expectNothingLeft()
    const known = KNOWN[store.name]?.[versioning]
    if (known) expect(failed.map(({ name }) => name)).toEqual(known)
  },
)

it('says that the credentials are wrong', async () => {
  const { endpoint, region, forcePathStyle } = store.client.config
  const client = new S3Client({
    endpoint: await endpoint?.(),
    region,
    forcePathStyle,
    credentials: { accessKeyId: 'nobody', secretAccessKey: 'nothing' },
  } as never)
  onTestFinished(() => client.destroy())
  const { ok, checks, leftovers } = await checkStorage({ client, bucket: store.bucket })
  expect({ ok, leftovers }).toEqual({ ok: false, leftovers: [] })
  expect(checks[0]?.hint).toMatch(/\(403\).*Check the access key/)
})
