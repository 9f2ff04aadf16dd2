import { setTimeout as wait } from 'node:timers/promises'
import { statusOf } from '../s3/s3-errors.ts'
import { UploadError } from '../shared/errors.ts'
import type { ObjectParams } from '../shared/types.ts'
import type { UploadScope, UploadTarget } from './uploader.ts'

/** Each on top of the SDK's own retries: what stays behind is paid for until somebody finds it. */
const PAUSES = [100, 400]

/** Removes an object that this upload has made. Never rejects: what it cannot remove, it reports. */
export async function removeObject(
  versionId: string | undefined,
  { bucket, key, params }: UploadTarget,
  { s3, reportLeftover }: UploadScope,
): Promise<void> {
  try {
    await insist(() =>
      s3.deleteObject({ Bucket: bucket, Key: key, VersionId: versionId, ...ownerParams(params) }),
    )
  } catch (cause) {
    reportLeftover({ bucket, key, versionId, cause })
  }
}

/** Tries again what failed, except what is already gone, and what has taken all its time. */
export async function insist<T>(request: () => Promise<T>): Promise<T | undefined> {
  for (const pause of [...PAUSES, undefined]) {
    try {
      return await request()
    } catch (error) {
      if (statusOf(error) === 404) return undefined
      if (pause === undefined || isTimeout(error)) throw error
      await wait(pause)
    }
  }
  return undefined
}

function isTimeout(error: unknown): boolean {
  return error instanceof UploadError && error.code === 'STORAGE_TIMEOUT'
}

export function ownerParams({ ExpectedBucketOwner, RequestPayer }: ObjectParams) {
  return { ExpectedBucketOwner, RequestPayer }
}
