import { S3Client } from '@aws-sdk/client-s3'
import { startS3Process } from './s3-process.ts'

export interface Storage {
  client: S3Client
  bucket: string
  /** For people: where the files go. */
  description: string
  /** Bytes of the largest file that can be read again. */
  maxKept: number
  close(): Promise<void> | void
}

/** `S3_BUCKET` names a bucket at AWS, or at `S3_ENDPOINT`. Without it, the demo brings its own S3. */
export async function openStorage(): Promise<Storage> {
  // The SDK's notice about the version of Node would hide what the demo prints.
  process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true'
  const { S3_BUCKET, S3_ENDPOINT, AWS_REGION = 'us-east-1' } = process.env
  if (!S3_BUCKET) return ownStorage()
  const client = S3_ENDPOINT
    ? new S3Client({ endpoint: S3_ENDPOINT, region: AWS_REGION, forcePathStyle: true })
    : new S3Client()
  return {
    client,
    bucket: S3_BUCKET,
    description: `bucket "${S3_BUCKET}" at ${S3_ENDPOINT ?? 'AWS'}`,
    maxKept: Number.POSITIVE_INFINITY,
    close: () => client.destroy(),
  }
}

async function ownStorage(): Promise<Storage> {
  const { bucket, maxKept, endpoint, region, credentials, end } = await startS3Process()
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  return {
    client,
    bucket,
    description: 'an S3 server that the demo brings along; its files are gone when it ends',
    maxKept,
    close() {
      client.destroy()
      return end()
    },
  }
}
