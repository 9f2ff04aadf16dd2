import { createHash, randomUUID } from 'node:crypto'
import { Readable } from 'node:stream'
import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { streamToS3 } from 's3-upstream'
import { expect, it } from 'vitest'
import { bytes, MB } from '../support/bytes.ts'
import { filePart, formBody } from '../support/form-body.ts'
import { incoming } from '../support/incoming.ts'
import { useStore } from '../support/store.ts'

const store = await useStore()

/** What stores do differently and this library, or its user, has to know. Of others it is only printed. */
const KNOWN: Record<string, Record<string, string>> = {
  embedded: {
    'ETag in the answer of Complete': 'in quotes',
    'checksum in the answer of PutObject': 'yes',
    'wrong CRC32': 'refused: 400 BadDigest',
    'wrong SHA-256 of a signed payload': 'refused: 400 XAmzContentSHA256Mismatch',
    'checksum in a trailer (body is a stream)': 'taken',
    'IfNoneMatch on PutObject, object exists': 'refused: 412 PreconditionFailed',
    'IfNoneMatch on PutObject, object exists, bucket with versions': 'refused: 412 PreconditionFailed',
    'IfNoneMatch on Complete, object exists': 'refused: 412 PreconditionFailed',
    "ifExists: 'fail', two small files race": 'one is stored',
    "ifExists: 'fail', two large files race": 'one is stored',
    "ifExists: 'fail', two small files race, bucket with versions": 'one is stored',
    'IfMatch on DeleteObject, another object': 'refused: 412 PreconditionFailed',
    'IfMatch on DeleteObject, the version null': 'refused: 501 NotImplemented',
    'MpuObjectSize on Complete, another size': 'refused: 400 InvalidRequest',
    'ExpectedBucketOwner of somebody else': 'taken',
    'EncodingType of a listing': 'said',
    'message of an error': 'yes',
  },
  'ceph-16': {
    'ETag in the answer of Complete': 'none',
    'checksum in the answer of PutObject': 'none',
    'wrong CRC32': 'taken',
    'wrong SHA-256 of a signed payload': 'refused: 400 XAmzContentSHA256Mismatch',
    'checksum in a trailer (body is a stream)': 'refused: 411 MissingContentLength',
    'IfNoneMatch on PutObject, object exists': 'refused: 412 PreconditionFailed',
    'IfNoneMatch on PutObject, object exists, bucket with versions': 'taken',
    'IfNoneMatch on Complete, object exists': 'taken',
    "ifExists: 'fail', two small files race": 'one is stored',
    "ifExists: 'fail', two large files race": 'both are stored',
    "ifExists: 'fail', two small files race, bucket with versions": 'both are stored',
    'IfMatch on DeleteObject, another object': 'taken',
    'IfMatch on DeleteObject, the version null': 'taken',
    'MpuObjectSize on Complete, another size': 'taken',
    'ExpectedBucketOwner of somebody else': 'taken',
    'EncodingType of a listing': 'not said',
    'message of an error': 'none',
  },
}

const put = (input: Partial<PutObjectCommandInput>) =>
  store.client.send(new PutObjectCommand({ Bucket: store.bucket, Key: 'f', Body: 'x', ...input }))

async function putWithWrongHash() {
  const { client } = store.connect()
  client.middlewareStack.add(
    next => args => {
      const { headers } = args.request as { headers: Record<string, string> }
      headers['x-amz-content-sha256'] = createHash('sha256').update('other bytes').digest('hex')
      return next(args)
    },
    { step: 'build' },
  )
  return client.send(new PutObjectCommand({ Bucket: store.bucket, Key: 'f', Body: 'x' }))
}

async function enableVersioning(): Promise<void> {
  const VersioningConfiguration = { Status: 'Enabled' as const }
  await store.client.send(new PutBucketVersioningCommand({ Bucket: store.bucket, VersioningConfiguration }))
}

async function complete(conditions: { IfNoneMatch?: '*'; MpuObjectSize?: number } = {}) {
  const upload = { Bucket: store.bucket, Key: 'f' }
  const { UploadId } = await store.client.send(
    new CreateMultipartUploadCommand({ ...upload, ChecksumAlgorithm: 'CRC32' }),
  )
  const Parts = await Promise.all(
    [bytes(5 * MB), bytes(1)].map(async (Body, index) => {
      const part = { ...upload, UploadId, PartNumber: index + 1, Body }
      const { ETag, ChecksumCRC32 } = await store.client.send(new UploadPartCommand(part))
      return { PartNumber: index + 1, ETag, ChecksumCRC32 }
    }),
  )
  return store.client.send(
    new CompleteMultipartUploadCommand({ ...upload, UploadId, MultipartUpload: { Parts }, ...conditions }),
  )
}

/** Both have found nothing under the key when the first one is committed. */
async function race(size: number): Promise<string> {
  const { client } = store.connect()
  let arrived = 0
  let release = () => {}
  const bothArrived = new Promise<void>(resolve => {
    release = resolve
  })
  client.middlewareStack.add(
    (next, { commandName = '' }) =>
      async args => {
        if (/^(PutObject|CompleteMultipartUpload)Command$/.test(commandName)) {
          if (++arrived === 2) release()
          await bothArrived
        }
        return next(args)
      },
    { step: 'initialize' },
  )
  const key = `raced-${randomUUID()}`
  const upload = () =>
    streamToS3(incoming([formBody([filePart('f', 'f', bytes(size))])]), {
      bucket: store.bucket,
      client,
      key: () => key,
      ifExists: 'fail',
    })
  const outcomes = await Promise.allSettled([upload(), upload()])
  const refused = outcomes.filter(({ status }) => status === 'rejected')
  for (const { reason } of refused as PromiseRejectedResult[]) {
    expect(reason).toMatchObject({ code: 'ALREADY_EXISTS', leftovers: [] })
  }
  expect(await store.uploads()).not.toContain(key)
  return ['both are stored', 'one is stored', 'none is stored'][refused.length] as string
}

async function deleteOther(VersionId?: 'null') {
  await put({})
  const input = { Bucket: store.bucket, Key: 'f', VersionId, IfMatch: `"${'0'.repeat(32)}"` }
  return store.client.send(new DeleteObjectCommand(input))
}

async function outcome(request: Promise<unknown>): Promise<string> {
  try {
    await request
    return 'taken'
  } catch (error) {
    const { name, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } }
    return `refused: ${$metadata?.httpStatusCode} ${name}`
  }
}

function describeETag(etag: string | undefined): string {
  if (!etag) return 'none'
  return etag.startsWith('"') ? 'in quotes' : 'without quotes'
}

async function factsWithoutVersions() {
  const { ChecksumCRC32 } = await put({})
  const { ETag } = await complete()
  const { EncodingType } = await store.client.send(
    new ListMultipartUploadsCommand({ Bucket: store.bucket, EncodingType: 'url' }),
  )
  const { message } = await put({ Bucket: 's3-upstream-there-is-no-such-bucket' }).catch(error => error)
  return {
    'ETag in the answer of Complete': describeETag(ETag),
    'checksum in the answer of PutObject': ChecksumCRC32 ? 'yes' : 'none',
    'wrong CRC32': await outcome(put({ ChecksumCRC32: 'AAAAAA==' })),
    'wrong SHA-256 of a signed payload': await outcome(putWithWrongHash()),
    'checksum in a trailer (body is a stream)': await outcome(
      put({ Body: Readable.from([Buffer.from('x')]), ContentLength: 1 }),
    ),
    'IfNoneMatch on PutObject, object exists': await outcome(put({ IfNoneMatch: '*' })),
    'IfNoneMatch on Complete, object exists': await outcome(complete({ IfNoneMatch: '*' })),
    "ifExists: 'fail', two small files race": await race(10),
    "ifExists: 'fail', two large files race": await race(5 * MB + 1),
    'IfMatch on DeleteObject, another object': await outcome(deleteOther()),
    'IfMatch on DeleteObject, the version null': await outcome(deleteOther('null')),
    'MpuObjectSize on Complete, another size': await outcome(complete({ MpuObjectSize: 1 })),
    'ExpectedBucketOwner of somebody else': await outcome(put({ ExpectedBucketOwner: '000000000000' })),
    'EncodingType of a listing': EncodingType === 'url' ? 'said' : 'not said',
    'message of an error': message === 'UnknownError' ? 'none' : 'yes',
  }
}

async function factsWithVersions() {
  await enableVersioning()
  return {
    'IfNoneMatch on PutObject, object exists, bucket with versions': await outcome(put({ IfNoneMatch: '*' })),
    "ifExists: 'fail', two small files race, bucket with versions": await race(10),
  }
}

it(`${store.name} differs as it is known to`, async () => {
  const found: Record<string, string> = { ...(await factsWithoutVersions()), ...(await factsWithVersions()) }
  const lines = Object.entries(found).map(([what, how]) => `  ${what}: ${how}\n`)
  process.stdout.write(`${store.name}\n${lines.join('')}`)
  expect(found).toEqual(KNOWN[store.name] ?? found)
})
