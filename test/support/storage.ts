import { S3Client } from '@aws-sdk/client-s3'
import { type S3Server, startS3 } from 's3-upstream/testing'
import { afterAll, afterEach, expect } from 'vitest'

export const BUCKET = 'uploads'

export interface Storage extends S3Server {
  /** Does not try again, so that a fault is met once and at once. */
  oneTry: S3Client
}

/** One embedded S3 server for a test file, emptied after each test. */
export async function useStorage(): Promise<Storage> {
  const s3 = await startS3({ buckets: [BUCKET], requirePartChecksums: true })
  const oneTry = new S3Client({
    endpoint: s3.endpoint,
    region: s3.region,
    credentials: s3.credentials,
    forcePathStyle: true,
    maxAttempts: 1,
  })
  afterEach(() => s3.reset())
  afterAll(async () => {
    oneTry.destroy()
    await s3.close()
  })
  return Object.assign(s3, { oneTry })
}

/** Promise 1: a failed request leaves no object and no unfinished upload. */
export function expectNothingLeft(s3: S3Server): void {
  expect(s3.objects(BUCKET).map(({ key }) => key)).toEqual([])
  expect(s3.uploads(BUCKET)).toEqual([])
}
