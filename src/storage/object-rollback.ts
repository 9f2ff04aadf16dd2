import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3'
import type { RequestAttempts } from '../s3/request-attempts.ts'
import { statusOf } from '../s3/s3-errors.ts'
import { ownerParams, retryCleanup } from './cleanup.ts'
import { deleteByETag, deleteIfPresent } from './conditional-delete.ts'
import { type ConfirmedObject, compareObject, type ExpectedObject, isOlder } from './expected-object.ts'
import type { UploadScope, UploadTarget } from './uploader.ts'

/** The SDK makes three attempts by default, and each can leave a version. */
const MAX_VERSIONS = 10

/** Removes a version that S3 has confirmed, also if another one has been stored under the key since then. */
export async function removeVersion(
  versionId: string,
  target: UploadTarget,
  scope: UploadScope,
): Promise<void> {
  await tryDelete(versionId, target, scope)
}

/** Removes everything under a generated key: no other upload has it. */
export async function removeOwned(target: UploadTarget, scope: UploadScope): Promise<void> {
  const { bucket, key } = target
  try {
    for (let count = 0; count < MAX_VERSIONS; count++) {
      const { VersionId } = await headObject(target, scope)
      const deleted = await tryDelete(VersionId, target, scope)
      if (deleted === undefined || (VersionId === undefined && !deleted.isHidden)) return
    }
    scope.reportLeftover({ bucket, key, cause: new Error(`More than ${MAX_VERSIONS} versions.`) })
  } catch (cause) {
    if (statusOf(cause) === 404) return
    if (statusOf(cause) === 403) return removeUnseen(cause, target, scope)
    scope.reportLeftover({ bucket, key, cause })
  }
}

/**
 * Without the permission to list the bucket, S3 responds 403 if an object does not exist. A plain DeleteObject would then
 * leave a delete marker in a bucket with versioning.
 */
async function removeUnseen(cause: unknown, target: UploadTarget, scope: UploadScope): Promise<void> {
  const { bucket, key } = target
  try {
    const outcome = await deleteIfPresent(target, scope)
    const isHidden = outcome ? outcome === 'hidden' : (await tryDelete(undefined, target, scope))?.isHidden
    if (isHidden) scope.reportLeftover({ bucket, key, cause })
  } catch {
    scope.reportLeftover({ bucket, key, cause })
  }
}

/**
 * Removes a confirmed object without a version id, or the version `null`, under a key of the application. Another upload
 * may have replaced it, or may do so at any time.
 */
export async function removeConfirmed(
  { etag, versionId, attempts }: ConfirmedObject,
  expected: ExpectedObject,
  target: UploadTarget,
  scope: UploadScope,
): Promise<void> {
  const { bucket, key } = target
  try {
    // Asked first, because the object can change between the comparison and the removal.
    const remove = await deleteByETag(versionId, target, scope)
    const head = await headObject(target, scope)
    const likeness = compareObject(head, expected, attempts, etag)
    if (likeness === 'other') return
    const isSame = likeness === 'same' && (head.VersionId ?? 'null') === 'null'
    const isPossible = isSame && (head.VersionId === undefined || remove?.hidesNothing)
    const outcome = isPossible ? await remove?.(etag) : undefined
    if (outcome === 'removed' || outcome === 'absent') return
    const cause = new Error(isSame ? NOT_CONDITIONAL : ALIKE)
    scope.reportLeftover({ bucket, key, versionId: head.VersionId, cause })
  } catch (cause) {
    if (statusOf(cause) !== 404) scope.reportLeftover({ bucket, key, versionId, cause })
  }
}

const NOT_CONDITIONAL =
  'The store does not delete on a condition (If-Match), so another upload could lose its object.'
const ALIKE = 'This object has the same bytes, but another upload may have stored it.'

/** Names the object under a key of the application if it may come from the lost request. Removes nothing. */
export async function nameDoubtful(
  expected: ExpectedObject,
  attempts: RequestAttempts | undefined,
  target: UploadTarget,
  scope: UploadScope,
): Promise<void> {
  const { bucket, key } = target
  try {
    const head = await headObject(target, scope)
    const isOther = compareObject(head, expected, attempts) === 'other'
    if (isOther && !mayCover(head, expected, attempts)) return
    const cause = new Error(isOther ? COVERED : DOUBTFUL)
    scope.reportLeftover({ bucket, key, versionId: isOther ? undefined : head.VersionId, cause })
  } catch (cause) {
    if (statusOf(cause) !== 404) scope.reportLeftover({ bucket, key, cause })
  }
}

const DOUBTFUL = 'This object may come from the failed upload or from another writer.'
const COVERED = 'An older version of this object may come from the failed upload.'

/** In a bucket with versioning, what another writer stored later covers the version of the lost request. */
function mayCover(
  head: HeadObjectCommandOutput,
  expected: ExpectedObject,
  attempts: RequestAttempts | undefined,
): boolean {
  const isVersion = head.VersionId !== undefined && head.VersionId !== 'null'
  return isVersion && !isOlder(head, expected, attempts)
}

export function headObject(
  { bucket, key, params }: Pick<UploadTarget, 'bucket' | 'key' | 'params'>,
  { s3 }: Pick<UploadScope, 's3'>,
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

/** Reports a failure, and returns undefined then. */
async function tryDelete(
  versionId: string | undefined,
  target: UploadTarget,
  scope: UploadScope,
): Promise<{ isHidden: boolean } | undefined> {
  try {
    return await deleteObject(versionId, target, scope)
  } catch (cause) {
    scope.reportLeftover({ bucket: target.bucket, key: target.key, versionId, cause })
    return undefined
  }
}

/**
 * Deletes an object, or a version. In a bucket with versioning, a DELETE without a version only hides the object behind
 * a delete marker, which is removed again.
 */
async function deleteObject(
  versionId: string | undefined,
  { bucket, key, params }: UploadTarget,
  { s3 }: UploadScope,
): Promise<{ isHidden: boolean }> {
  const input = { Bucket: bucket, Key: key, ...ownerParams(params) }
  const output = await retryCleanup(() => s3.deleteObject({ ...input, VersionId: versionId }))
  const isHidden = versionId === undefined && output?.DeleteMarker === true
  if (isHidden) await retryCleanup(() => s3.deleteObject({ ...input, VersionId: output.VersionId }))
  return { isHidden }
}
