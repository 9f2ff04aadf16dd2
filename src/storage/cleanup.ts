import { setTimeout as wait } from 'node:timers/promises'
import { statusOf } from '../s3/s3-errors.ts'
import { UploadError } from '../shared/errors.ts'
import type { ObjectParams } from '../shared/types.ts'

/** On top of the SDK's own retries: what stays in S3 costs money until it is found. */
const RETRY_DELAYS_MS = [100, 400]

/**
 * Retries a request that failed, unless it timed out or S3 compared a condition. Resolves with undefined if there is
 * nothing left to remove.
 */
export async function retryCleanup<T>(request: () => Promise<T>): Promise<T | undefined> {
  for (const delay of [...RETRY_DELAYS_MS, undefined]) {
    try {
      return await request()
    } catch (error) {
      if (statusOf(error) === 404) return undefined
      if (delay === undefined || isTimeout(error) || statusOf(error) === 412) throw error
      await wait(delay)
    }
  }
  return undefined
}

function isTimeout(error: unknown): boolean {
  return error instanceof UploadError && error.code === 'STORAGE_TIMEOUT'
}

/** The parameters of an object that every request about it must repeat. */
export function ownerParams({ ExpectedBucketOwner, RequestPayer }: ObjectParams) {
  return { ExpectedBucketOwner, RequestPayer }
}
