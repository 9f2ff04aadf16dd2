import { randomUUID } from 'node:crypto'
import {
  AbortMultipartUploadCommand,
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  type GetObjectCommandOutput,
  ListMultipartUploadsCommand,
  ListObjectVersionsCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3'
import { startS3 } from 's3-upstream/testing'
import { afterAll, afterEach, beforeEach, expect } from 'vitest'

/** Whatever speaks S3, used by nothing but the SDK, so that a test means the same everywhere. */
export interface Store {
  /** `embedded`, `ceph-16` … or `unknown`: what is known of it is in test/store/differences.test.ts. */
  readonly name: string
  readonly client: S3Client
  /** Made for each test, and removed after it with all that is in it. */
  readonly bucket: string
  /** A further client for the same store, without retries, and the names of the operations it has sent. */
  connect(config?: S3ClientConfig): { client: S3Client; sent: string[] }
  read(key: string): Promise<StoreObject>
  /** Every version of every object, delete markers too. */
  versions(): Promise<StoreVersion[]>
  /** Keys of unfinished multipart uploads. */
  uploads(): Promise<string[]>
  /** Promise 1: a failed request leaves no object and no unfinished upload. */
  expectNothingLeft(): Promise<void>
}

export type StoreObject = Omit<GetObjectCommandOutput, 'Body'> & { body: Buffer }

export interface StoreVersion {
  key: string
  versionId: string | undefined
  isDeleteMarker: boolean
}

/** The store that S3_ENDPOINT names, with S3_KEY and S3_SECRET; without it the embedded server. */
export async function useStore(): Promise<Store> {
  const { name, config, close } = await openStore()
  const clients: S3Client[] = []
  let bucket = ''

  function connect(further: S3ClientConfig = {}) {
    const client = new S3Client({ ...config, maxAttempts: 1, ...further })
    const sent: string[] = []
    client.middlewareStack.add(
      (next, { commandName = '' }) =>
        args => {
          sent.push(commandName.replace(/Command$/, ''))
          return next(args)
        },
      { step: 'initialize' },
    )
    clients.push(client)
    return { client, sent }
  }

  const { client } = connect({ maxAttempts: 3 })
  beforeEach(async () => {
    bucket = `s3-upstream-${randomUUID()}`
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
  })
  afterEach(async () => {
    await emptyBucket(client, bucket)
    await client.send(new DeleteBucketCommand({ Bucket: bucket }))
  })
  afterAll(async () => {
    for (const client of clients) client.destroy()
    await close()
  })

  return {
    name,
    client,
    connect,
    get bucket() {
      return bucket
    },
    read: key => readObject(client, bucket, key),
    versions: () => listVersions(client, bucket),
    uploads: async () => (await listUploads(client, bucket)).map(({ Key = '' }) => Key),
    async expectNothingLeft() {
      expect(await listVersions(client, bucket)).toEqual([])
      expect(await listUploads(client, bucket)).toEqual([])
    },
  }
}

async function openStore() {
  const { S3_ENDPOINT, S3_KEY = '', S3_SECRET = '', S3_REGION = 'us-east-1', S3_STORE } = process.env
  if (S3_ENDPOINT) {
    const credentials = { accessKeyId: S3_KEY, secretAccessKey: S3_SECRET }
    const config = { endpoint: S3_ENDPOINT, region: S3_REGION, credentials, forcePathStyle: true }
    return { name: S3_STORE ?? 'unknown', config, close: async () => {} }
  }
  const { endpoint, region, credentials, close } = await startS3({ requirePartChecksums: true })
  return { name: 'embedded', config: { endpoint, region, credentials, forcePathStyle: true }, close }
}

async function readObject(client: S3Client, Bucket: string, Key: string): Promise<StoreObject> {
  const { Body, ...head } = await client.send(new GetObjectCommand({ Bucket, Key, ChecksumMode: 'ENABLED' }))
  return { ...head, body: Buffer.from((await Body?.transformToByteArray()) ?? []) }
}

/** One page: no test makes 1,000 of anything. */
async function listVersions(client: S3Client, Bucket: string): Promise<StoreVersion[]> {
  const { Versions = [], DeleteMarkers = [] } = await client.send(new ListObjectVersionsCommand({ Bucket }))
  return [
    ...Versions.map(({ Key = '', VersionId }) => ({ key: Key, versionId: VersionId, isDeleteMarker: false })),
    ...DeleteMarkers.map(({ Key = '', VersionId }) => ({
      key: Key,
      versionId: VersionId,
      isDeleteMarker: true,
    })),
  ]
}

async function listUploads(client: S3Client, Bucket: string) {
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket }))
  return Uploads
}

async function emptyBucket(client: S3Client, Bucket: string): Promise<void> {
  for (const { Key, UploadId } of await listUploads(client, Bucket)) {
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }))
  }
  for (const { key, versionId } of await listVersions(client, Bucket)) {
    await client.send(new DeleteObjectCommand({ Bucket, Key: key, VersionId: versionId }))
  }
}
