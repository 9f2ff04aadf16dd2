import type { Headers } from '../http/headers.ts'
import { noSuchKey, preconditionFailed, unsupportedHeader } from '../s3-error.ts'
import type { Bucket } from '../store/bucket.ts'
import { isObject, type ObjectContent } from '../store/objects.ts'

/** Conditions that S3 supports on DeleteObject for directory buckets only. */
const DIRECTORY_BUCKET_CONDITIONS = ['x-amz-if-match-last-modified-time', 'x-amz-if-match-size']

/**
 * Checks the conditions of PutObject or CompleteMultipartUpload. The caller must apply the change in the same tick.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function checkWriteConditions(bucket: Bucket, key: string, headers: Headers): void {
  const { 'if-match': ifMatch, 'if-none-match': ifNoneMatch } = headers
  if (ifMatch !== undefined && ifNoneMatch !== undefined) throw unsupportedHeader('If-Match,If-None-Match')
  if (ifMatch === '*') throw unsupportedHeader('If-Match')
  if (ifNoneMatch !== undefined && ifNoneMatch !== '*') throw unsupportedHeader('If-None-Match')
  if (ifNoneMatch !== undefined && currentObject(bucket, key)) throw preconditionFailed('If-None-Match')
  if (ifMatch !== undefined) checkIfMatch(bucket, key, ifMatch)
}

/**
 * Checks the conditions of DeleteObject. The caller must delete in the same tick.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
 */
export function checkDeleteConditions(
  bucket: Bucket,
  key: string,
  versionId: string | undefined,
  headers: Headers,
): void {
  const unsupported = DIRECTORY_BUCKET_CONDITIONS.find(name => headers[name] !== undefined)
  if (unsupported !== undefined) throw unsupportedHeader(unsupported)
  const ifMatch = headers['if-match']
  if (ifMatch === undefined) return
  // S3 evaluates the condition against the current version only, and rejects it for a named version.
  if (versionId !== undefined) throw unsupportedHeader('If-Match')
  checkIfMatch(bucket, key, ifMatch)
}

/** Throws `NoSuchKey` if there is no current object, also behind a delete marker; `PreconditionFailed` if it differs. */
function checkIfMatch(bucket: Bucket, key: string, ifMatch: string): void {
  const current = currentObject(bucket, key)
  if (!current) throw noSuchKey()
  if (!matches(ifMatch, current.etag)) throw preconditionFailed('If-Match')
}

function currentObject(bucket: Bucket, key: string): ObjectContent | undefined {
  const latest = bucket.latest(key)
  return isObject(latest) ? latest.content : undefined
}

/** True if one of the entity tags in a header matches. */
export function matches(header: string, etag: string): boolean {
  return header
    .split(',')
    .some(tag => ['*', etag].includes(tag.trim().replace(/^W\//, '').replaceAll('"', '')))
}
