import { randomBytes, randomUUID } from 'node:crypto'
import type { DeleteObjectCommandInput, DeleteObjectCommandOutput } from '@aws-sdk/client-s3'
import { isUnsupported, statusOf } from '../s3/s3-errors.ts'
import type { S3ClientLike } from '../shared/types.ts'
import { ownerParams, retryCleanup } from './cleanup.ts'
import type { UploadScope, UploadTarget } from './uploader.ts'

/**
 * - `removed`
 * - `absent`: there was no such object, or another one
 * - `hidden`: the bucket has versioning, and a delete marker hides the object
 */
export type DeleteOutcome = 'removed' | 'absent' | 'hidden'

/** The form of a conditional delete. A store can honour one and ignore another. */
interface Form {
  /** False for the condition that there is an object at all: `If-Match: *`. */
  byETag: boolean
  versionId: 'null' | undefined
}

/** Deletes an object only if it has this ETag. */
export interface DeleteByETag {
  /** True if it deletes the version `null`, false if it hides what has versions. */
  readonly hidesNothing: boolean
  (etag: string): Promise<DeleteOutcome>
}

/**
 * Returns a function that deletes on this condition, or undefined if the store is not known to honour it. As the version
 * `null`, so that nothing is hidden in a bucket whose versioning is suspended: not every store tells that version id. A
 * store that only honours the condition in a plain delete gets that, unless the object has the version `null`.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-deletes.html
 */
export async function deleteByETag(
  versionId: string | undefined,
  target: UploadTarget,
  scope: UploadScope,
): Promise<DeleteByETag | undefined> {
  const versionIds = versionId === undefined ? (['null', undefined] as const) : (['null'] as const)
  for (const version of versionIds) {
    if (!(await isHonoured({ byETag: true, versionId: version }, target, scope))) continue
    const remove = (etag: string) => deleteOnCondition(`"${etag}"`, version, target, scope)
    return Object.assign(remove, { hidesNothing: version === 'null' })
  }
  return undefined
}

/** Deletes an object only if there is one. Returns undefined if the store is not known to honour the condition. */
export async function deleteIfPresent(
  target: UploadTarget,
  scope: UploadScope,
): Promise<DeleteOutcome | undefined> {
  const isPossible = await isHonoured({ byETag: false, versionId: undefined }, target, scope)
  return isPossible ? deleteOnCondition('*', undefined, target, scope) : undefined
}

async function deleteOnCondition(
  IfMatch: string,
  VersionId: string | undefined,
  target: UploadTarget,
  { s3 }: UploadScope,
): Promise<DeleteOutcome> {
  const input = { ...inputFor(target.key, target), VersionId, IfMatch }
  try {
    const output = await retryCleanup(() => s3.deleteObject(input))
    if (output === undefined) return 'absent'
    return output.DeleteMarker && VersionId === undefined ? 'hidden' : 'removed'
  } catch (error) {
    if (statusOf(error) === 412) return 'absent'
    throw error
  }
}

/** By client, then by bucket and form. */
const probes = new WeakMap<S3ClientLike, Map<string, Promise<boolean>>>()

/** Probes the store once for each client, bucket and form. After an error, it does so again. */
async function isHonoured(form: Form, target: UploadTarget, scope: UploadScope): Promise<boolean> {
  const { client } = scope
  const known = probes.get(client) ?? new Map<string, Promise<boolean>>()
  probes.set(client, known)
  const name = [target.bucket, form.byETag, form.versionId].join('\n')
  const result = known.get(name) ?? probe(form, target, scope)
  known.set(name, result)
  try {
    return await result
  } catch {
    known.delete(name)
    return false
  }
}

/**
 * Deletes a key that has never been used, on a condition: 412 or 404 if the store honours it, 204 if not. Some stores
 * respond 404 without a condition too; then 404 says nothing.
 */
async function probe(
  { byETag, versionId }: Form,
  target: UploadTarget,
  scope: UploadScope,
): Promise<boolean> {
  const input = { ...inputFor(neverUsed(target.key), target), VersionId: versionId }
  const IfMatch = byETag ? `"${randomBytes(16).toString('hex')}"` : '*'
  try {
    await deleteUnused({ ...input, IfMatch }, scope)
    return false
  } catch (error) {
    if (statusOf(error) === 412) return true
    // AWS has no condition together with a version id.
    if (isUnsupported(error)) return false
    if (statusOf(error) !== 404) throw error
  }
  try {
    await deleteUnused(input, scope)
    return true
  } catch (error) {
    if (statusOf(error) === 404) return false
    throw error
  }
}

/** In a bucket with versioning, it leaves no delete marker either. */
async function deleteUnused(input: DeleteObjectCommandInput, scope: UploadScope): Promise<void> {
  const { Bucket: bucket = '', Key: key = '' } = input
  const { DeleteMarker, VersionId: versionId }: DeleteObjectCommandOutput = await scope.s3.deleteObject(input)
  if (!DeleteMarker || versionId === undefined) return
  try {
    await retryCleanup(() => scope.s3.deleteObject({ ...input, IfMatch: undefined, VersionId: versionId }))
  } catch (cause) {
    scope.reportLeftover({ bucket, key, versionId, cause })
  }
}

function inputFor(Key: string, { bucket, params }: UploadTarget) {
  return { Bucket: bucket, Key, ...ownerParams(params) }
}

/** In the folder of the key, where the permissions are the same. */
function neverUsed(key: string): string {
  return key.slice(0, key.lastIndexOf('/') + 1) + randomUUID()
}
