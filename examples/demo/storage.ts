import { S3Client } from '@aws-sdk/client-s3'
import { startS3 } from 's3-upstream/testing'

export interface Storage {
  client: S3Client
  bucket: string
  /** For people: where the files go. */
  description: string
  close(): Promise<void> | void
}

/** `S3_BUCKET` names a bucket at AWS, or at `S3_ENDPOINT`. Without it, the demo brings its own S3. */
export async function openStorage(): Promise<Storage> {
  // The SDK's notice about the version of Node would hide what the demo prints.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  const { S3_BUCKET, S3_ENDPOINT, AWS_REGION = 'us-east-1' } = process.env
  if (!S3_BUCKET) return embeddedStorage()
  const client = S3_ENDPOINT
    ? new S3Client({ endpoint: S3_ENDPOINT, region: AWS_REGION, forcePathStyle: true })
    : new S3Client()
  return {
    client,
    bucket: S3_BUCKET,
    description: `bucket "${S3_BUCKET}" at ${S3_ENDPOINT ?? 'AWS'}`,
    close: () => client.destroy(),
  }
}

async function embeddedStorage(): Promise<Storage> {
  const bucket = 'demo-bucket'
  const s3 = await startS3({ buckets: [bucket] })
  return {
    client: s3.client,
    bucket,
    description: 'an S3 server inside this process; its files are gone when it ends',
    close: () => s3.close(),
  }
}
