import { S3Client } from '@aws-sdk/client-s3'
import { startS3Process } from './s3-process.ts'

export interface Storage {
  client: S3Client
  bucket: string
  /** Where the files go, as shown on the page. */
  description: string
  /** Maximum bytes of a file that can be opened. */
  maxKept: number
  close(): Promise<void> | void
}

/** Uses the bucket `S3_BUCKET` at AWS or at `S3_ENDPOINT`. Without `S3_BUCKET`, starts the demo's own S3 server. */
export async function openStorage(): Promise<Storage> {
  // The SDK's warning about the Node version would clutter the output.
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
    description: 'the built-in S3 server, which deletes its files when the demo ends',
    maxKept,
    close() {
      client.destroy()
      return end()
    },
  }
}
