import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3'
import { bareETag } from '../s3/etag.ts'
import { statusOf } from '../s3/s3-errors.ts'
import { ownerParams, removeObject } from './cleanup.ts'
import type { UploadScope, UploadTarget } from './uploader.ts'

/** More attempts than the SDK makes. */
const MAX_ATTEMPTS = 10

/**
 * Removes an object that S3 has confirmed. Under a key chosen by the application, another upload may have replaced the
 * object since then; a version belongs to this upload in any case.
 */
export async function removeConfirmed(
  { versionId, etag }: { versionId: string | undefined; etag: string },
  target: UploadTarget,
  scope: UploadScope,
): Promise<void> {
  const mayBeReplaced = !target.unique && versionId === undefined
  if (mayBeReplaced && !(await hasETag(etag, target, scope))) return
  await removeObject(versionId, target, scope)
}

async function hasETag(etag: string, target: UploadTarget, scope: UploadScope): Promise<boolean> {
  if (etag === '') return true
  try {
    const { ETag } = await headObject(target, scope)
    return bareETag(ETag) === etag
  } catch (error) {
    // If the object cannot be read, the removal is tried, and its failure is reported.
    return statusOf(error) !== 404
  }
}

/**
 * Removes what a request without a response may have created. Under a generated key, every object belongs to this
 * upload. Under another key, an object is never removed, but reported if it has the expected ETag.
 */
export async function removeUnconfirmed(
  expectedETag: string,
  target: UploadTarget,
  scope: UploadScope,
): Promise<void> {
  const { bucket, key, unique } = target
  try {
    // In a bucket with versioning, each attempt may have created a version.
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const object = await headObject(target, scope)
      if (!unique) return reportDoubt(object, expectedETag, target, scope)
      await removeObject(object.VersionId, target, scope)
      if (object.VersionId === undefined) return
    }
  } catch (cause) {
    if (statusOf(cause) === 404) return
    // Without the permission to list the bucket, S3 responds 403 if the object does not exist.
    if (unique && statusOf(cause) === 403) return removeObject(undefined, target, scope)
    scope.reportLeftover({ bucket, key, cause })
  }
}

/** An object with the same bytes may have existed before, or another client may have written it. */
function reportDoubt(
  { ETag, VersionId, ServerSideEncryption }: HeadObjectCommandOutput,
  expectedETag: string,
  { bucket, key, params }: UploadTarget,
  { reportLeftover }: UploadScope,
): void {
  // The ETag of an object encrypted with its own key is no MD5.
  const isComparable = !ServerSideEncryption?.startsWith('aws:') && !params.SSECustomerKey
  if (isComparable && bareETag(ETag) !== expectedETag) return
  const cause = new Error('This object may come from the failed upload or from another writer.')
  reportLeftover({ bucket, key, versionId: VersionId, cause })
}

export function headObject(
  { bucket, key, params }: UploadTarget,
  { s3 }: UploadScope,
  versionId?: string,
): Promise<HeadObjectCommandOutput> {
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html
  const { SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 } = params
  return s3.headObject({
    Bucket: bucket,
    Key: key,
    VersionId: versionId,
    SSECustomerAlgorithm,
    SSECustomerKey,
    SSECustomerKeyMD5,
    ...ownerParams(params),
  })
}
