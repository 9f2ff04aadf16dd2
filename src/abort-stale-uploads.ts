import { checkBoolean } from './options/checks.ts'
import { resolveOptions } from './options/resolve-options.ts'
import { type ListedUpload, listUploads, type UnfinishedUpload } from './s3/list-uploads.ts'
import { type S3Requests, s3Requests } from './s3/operations.ts'
import { createRequestLimiter } from './s3/request-limiter.ts'
import { isNoSuchUpload, statusOf } from './s3/s3-errors.ts'
import { defaultClient } from './s3/sdk.ts'
import { type Duration, parseDuration } from './shared/durations.ts'
import { describe } from './shared/sizes.ts'
import type { S3ClientLike } from './shared/types.ts'

export interface AbortStaleUploadsOptions {
  bucket: string
  /** @default one `S3Client` for the process, configured from the environment */
  client?: S3ClientLike
  /**
   * Selects only uploads whose key starts with this string. An explicit `undefined` throws, unlike in every other
   * option: a variable that is not set must not select the whole bucket.
   * @default every upload of the bucket, also those of other programs
   */
  prefix?: string
  /**
   * Age from which an upload counts as abandoned: milliseconds, or a string such as `'24h'`. S3 cannot tell an
   * abandoned upload from a slow one. So this must be much longer than your longest upload, and longer than the clocks
   * of this machine and of S3 can differ. Less than an hour requires `force`.
   */
  olderThan: Duration
  /**
   * `true` aborts nothing: `aborted` lists the uploads that would be removed.
   * @default false
   */
  dryRun?: boolean
  /**
   * `true` allows `olderThan` below an hour. Uploads that still run are then removed, and fail.
   * @default false
   */
  force?: boolean
}

export type StaleUpload = UnfinishedUpload

export interface AbortStaleUploadsResult {
  /** Uploads that are no longer at S3. Another program may have removed them first. With `dryRun`, all are still there. */
  aborted: StaleUpload[]
  /** Uploads that could not be removed. They are probably still at S3. */
  failed: (StaleUpload & { cause: unknown })[]
}

/** AbortMultipartUpload requests in flight at once. */
const MAX_ABORT_REQUESTS = 4

/** Uploads that are younger may well be running. */
const MIN_AGE_MS = 3_600_000

/**
 * Removes the multipart uploads that a process left unfinished when it died. S3 keeps and bills their parts until they
 * are aborted, but does not show them among the objects. Run this on a schedule, not at each start of a server: it lists
 * every unfinished upload that `prefix` selects. If the store lists none whose key is longer than `prefix`, it lists all
 * of the bucket and selects here, because MinIO reads a prefix as a whole key: one request for each 1,000 unfinished
 * uploads. One call reads at most 1,000 pages of a listing, a million uploads. If you can configure the bucket, a lifecycle rule does the same without code:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpu-abort-incomplete-mpu-lifecycle-config.html
 *
 * Continues after an abort that failed. Rejects with `STORAGE_FAILED`, whose `cause` is the SDK's error, if S3 does not
 * list the uploads, and with `STORAGE_TIMEOUT` if one request and its retries take more than two minutes. Needs the
 * permissions `s3:ListBucketMultipartUploads` and `s3:AbortMultipartUpload`. Rejects with a `TypeError` if an option is
 * invalid.
 *
 * @example
 * const { aborted, failed } = await abortStaleUploads({ client, bucket: 'my-bucket', olderThan: '7d' })
 */
export async function abortStaleUploads(options: AbortStaleUploadsOptions): Promise<AbortStaleUploadsResult> {
  const { olderThan, dryRun, ...settings } = checkOptions(options)
  const { bucket, prefix, client = await defaultClient() } = settings
  const s3 = s3Requests(client, settings)
  const deadline = Date.now() - olderThan
  // By key and id: a bucket may have been listed twice.
  const stale = new Map<string, ListedUpload>()
  for await (const upload of uploadsUnder(prefix, s3, bucket)) {
    const { key, uploadId, initiated } = upload
    if (initiated.getTime() < deadline) stale.set(JSON.stringify([key, uploadId]), upload)
  }
  if (dryRun) return { aborted: [...stale.values()].map(publicPart), failed: [] }
  return abortAll([...stale.values()], s3, bucket, prefix)
}

function checkOptions(options: AbortStaleUploadsOptions) {
  const given = Object(options) as AbortStaleUploadsOptions
  const { client, bucket, prefix, olderThan, dryRun = false, force = false, ...unknown } = given
  // A misspelled `prefix` would otherwise select the whole bucket.
  const names = Object.keys(unknown)
  if (names.length > 0) {
    throw new TypeError(
      `Unknown option ${names.map(describe).join(', ')}. The options are client, bucket, prefix, olderThan, dryRun, force.`,
    )
  }
  if ('prefix' in given && prefix === undefined) {
    throw new TypeError(
      'prefix must not be undefined: a variable that is not set would select every upload of the bucket. Leave prefix out to select them all.',
    )
  }
  const age = parseDuration(olderThan, 'olderThan')
  if (age < MIN_AGE_MS && !checkBoolean(force, 'force')) {
    throw new TypeError(
      `olderThan must be at least '1h', because younger uploads may be running; it is ${describe(olderThan)}. Set force: true to allow it.`,
    )
  }
  checkBoolean(force, 'force')
  return {
    ...resolveOptions({ client, bucket, prefix }),
    olderThan: age,
    dryRun: checkBoolean(dryRun, 'dryRun'),
  }
}

/** Yields the uploads whose key starts with the prefix, perhaps twice. Stores differ in what they make of the prefix. */
async function* uploadsUnder(
  prefix: string,
  { listMultipartUploads }: S3Requests,
  Bucket: string,
): AsyncGenerator<ListedUpload> {
  let isPrefix = prefix === ''
  for await (const upload of listUploads(listMultipartUploads, { Bucket, Prefix: prefix })) {
    if (!upload.key.startsWith(prefix)) continue
    if (upload.key !== prefix) isPrefix = true
    yield upload
  }
  // MinIO lists only uploads whose key equals the prefix, and all of them without one.
  if (isPrefix) return
  try {
    for await (const upload of listUploads(listMultipartUploads, { Bucket })) {
      if (upload.key.startsWith(prefix)) yield upload
    }
  } catch (error) {
    // A policy can limit the credentials to the prefix.
    if (statusOf(error) !== 403) throw error
  }
}

function publicPart({ key, uploadId, initiated }: ListedUpload): StaleUpload {
  return { key, uploadId, initiated }
}

async function abortAll(
  stale: readonly ListedUpload[],
  s3: S3Requests,
  bucket: string,
  prefix: string,
): Promise<AbortStaleUploadsResult> {
  const permits = createRequestLimiter().permitsFor({
    uploadLimit: MAX_ABORT_REQUESTS,
    totalLimit: MAX_ABORT_REQUESTS,
  })
  const result: AbortStaleUploadsResult = { aborted: [], failed: [] }
  const abort = async (listed: ListedUpload) => {
    const upload = publicPart(listed)
    const otherKeys = listed.otherKeys.filter(key => key.startsWith(prefix))
    try {
      const key = await abortUnderOneOf([upload.key, ...otherKeys], upload.uploadId, s3, bucket)
      result.aborted.push({ ...upload, key })
    } catch (cause) {
      result.failed.push({ ...upload, cause })
    }
  }
  await Promise.all(stale.map(upload => permits.run(() => abort(upload))))
  return result
}

/** Returns the key under which S3 knew the upload; the first one if another program aborted it first. */
async function abortUnderOneOf(
  keys: [string, ...string[]],
  uploadId: string,
  s3: S3Requests,
  bucket: string,
): Promise<string> {
  for (const key of keys) {
    if (await abortUpload(key, uploadId, s3, bucket)) return key
  }
  return keys[0]
}

/**
 * Returns false if there is no such upload.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html
 */
async function abortUpload(
  Key: string,
  UploadId: string,
  { abortMultipartUpload }: S3Requests,
  Bucket: string,
): Promise<boolean> {
  try {
    await abortMultipartUpload({ Bucket, Key, UploadId })
    return true
  } catch (error) {
    if (!isNoSuchUpload(error)) throw error
    return false
  }
}
