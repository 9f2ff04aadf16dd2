import type { Headers } from '../http/headers.ts'
import { preconditionFailed, S3Error } from '../s3-error.ts'
import type { Bucket } from '../store/bucket.ts'
import { isObject } from '../store/objects.ts'

/**
 * Checks the conditions of a write or delete. The caller must apply the change in the same tick.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html
 */
export function checkWriteConditions(bucket: Bucket, key: string, headers: Headers): void {
  const latest = bucket.latest(key)
  const current = isObject(latest) ? latest.content : undefined
  if (headers['if-none-match'] === '*' && current) throw preconditionFailed('If-None-Match')
  const ifMatch = headers['if-match']
  if (ifMatch === undefined) return
  if (!current) throw new S3Error(404, 'NoSuchKey', 'The specified key does not exist.')
  if (!matches(ifMatch, current.etag)) throw preconditionFailed('If-Match')
}

/** True if one of the entity tags in a header matches. */
export function matches(header: string, etag: string): boolean {
  return header
    .split(',')
    .some(tag => ['*', etag].includes(tag.trim().replace(/^W\//, '').replaceAll('"', '')))
}
