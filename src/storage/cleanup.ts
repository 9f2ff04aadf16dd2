import { setTimeout as wait } from 'node:timers/promises'
import { statusOf } from '../s3/s3-errors.ts'
import { UploadError } from '../shared/errors.ts'
import type { ObjectParams } from '../shared/types.ts'
import type { UploadScope, UploadTarget } from './uploader.ts'

/** On top of the SDK's own retries: whatever stays in S3 costs money until it is found. */
const RETRY_DELAYS_MS = [100, 400]

/** Removes an object that this upload has created. Never rejects; reports an object that it cannot remove. */
export async function removeObject(
  versionId: string | undefined,
  { bucket, key, params }: UploadTarget,
  { s3, reportLeftover }: UploadScope,
): Promise<void> {
  try {
    await retryCleanup(() =>
      s3.deleteObject({ Bucket: bucket, Key: key, VersionId: versionId, ...ownerParams(params) }),
    )
  } catch (cause) {
    reportLeftover({ bucket, key, versionId, cause })
  }
}

/** Retries a request that failed, unless it timed out. Resolves also if there is nothing left to remove. */
export async function retryCleanup(request: () => Promise<unknown>): Promise<void> {
  for (const delay of [...RETRY_DELAYS_MS, undefined]) {
    try {
      await request()
      return
    } catch (error) {
      if (statusOf(error) === 404) return
      if (delay === undefined || isTimeout(error)) throw error
      await wait(delay)
    }
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof UploadError && error.code === 'STORAGE_TIMEOUT'
}

/** The parameters of an object that every request about it must repeat. */
export function ownerParams({ ExpectedBucketOwner, RequestPayer }: ObjectParams) {
  return { ExpectedBucketOwner, RequestPayer }
}
