import { resolveOptions } from './options/resolve-options.ts'
import { listUploads, type UnfinishedUpload } from './s3/list-uploads.ts'
import { createRequestLimiter } from './s3/request-limiter.ts'
import { defaultClient, loadSdk } from './s3/sdk.ts'
import { type Duration, parseDuration } from './shared/durations.ts'
import { describe } from './shared/sizes.ts'
import type { S3ClientLike } from './shared/types.ts'

export interface AbortStaleUploadsOptions {
  bucket: string
  /** @default one `S3Client` for the process, configured from the environment */
  client?: S3ClientLike
  /**
   * Selects only uploads whose key starts with this string. @default every upload of the bucket, also those of other
   * programs
   */
  prefix?: string
  /**
   * Age from which an upload counts as abandoned: milliseconds, or a string such as `'24h'`. S3 cannot tell an
   * abandoned upload from a slow one. So this must be much longer than your longest upload, and longer than the clocks
   * of this machine and of S3 can differ.
   */
  olderThan: Duration
}

export type StaleUpload = UnfinishedUpload

export interface AbortStaleUploadsResult {
  /** Uploads that are no longer at S3. Another program may have removed them first. */
  aborted: StaleUpload[]
  /** Uploads that could not be removed. They are probably still at S3. */
  failed: (StaleUpload & { cause: unknown })[]
}

/** AbortMultipartUpload requests in flight at once. */
const MAX_ABORT_REQUESTS = 4

/**
 * Removes the multipart uploads that a process left unfinished when it died. S3 keeps and bills their parts until they
 * are aborted, but does not show them among the objects. Run this on a schedule, not at each start of a server: it lists
 * every unfinished upload that `prefix` selects. If you can configure the bucket, a lifecycle rule does the same without
 * code: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpu-abort-incomplete-mpu-lifecycle-config.html
 *
 * Continues after an abort that failed. Rejects with the SDK's error if S3 does not list the uploads. Needs the
 * permissions `s3:ListBucketMultipartUploads` and `s3:AbortMultipartUpload`. Rejects with a `TypeError` if an option is
 * invalid.
 *
 * @example
 * const { aborted, failed } = await abortStaleUploads({ client, bucket: 'my-bucket', olderThan: '7d' })
 */
export async function abortStaleUploads(options: AbortStaleUploadsOptions): Promise<AbortStaleUploadsResult> {
  const { bucket, prefix, olderThan, client = await defaultClient() } = checkOptions(options)
  const { ListMultipartUploadsCommand } = await loadSdk()
  const deadline = Date.now() - olderThan
  const stale: StaleUpload[] = []
  const uploads = listUploads(input => client.send(new ListMultipartUploadsCommand(input)), {
    Bucket: bucket,
    Prefix: prefix,
  })
  for await (const upload of uploads) {
    if (upload.initiated.getTime() < deadline) stale.push(upload)
  }
  return abortAll(stale, client, bucket)
}

function checkOptions(options: AbortStaleUploadsOptions) {
  const { client, bucket, prefix, olderThan, ...unknown } = Object(options) as AbortStaleUploadsOptions
  // A misspelled `prefix` would otherwise select the whole bucket.
  const names = Object.keys(unknown)
  if (names.length > 0) {
    throw new TypeError(
      `Unknown option ${names.map(describe).join(', ')}. The options are client, bucket, prefix, olderThan.`,
    )
  }
  return { ...resolveOptions({ client, bucket, prefix }), olderThan: parseDuration(olderThan, 'olderThan') }
}

async function abortAll(
  stale: readonly StaleUpload[],
  client: S3ClientLike,
  bucket: string,
): Promise<AbortStaleUploadsResult> {
  const permits = createRequestLimiter().permitsFor({
    uploadLimit: MAX_ABORT_REQUESTS,
    totalLimit: MAX_ABORT_REQUESTS,
  })
  const result: AbortStaleUploadsResult = { aborted: [], failed: [] }
  const abort = async (upload: StaleUpload) => {
    try {
      await abortUpload(upload, client, bucket)
      result.aborted.push(upload)
    } catch (cause) {
      result.failed.push({ ...upload, cause })
    }
  }
  await Promise.all(stale.map(upload => permits.run(() => abort(upload))))
  return result
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html */
async function abortUpload(
  { key, uploadId }: StaleUpload,
  client: S3ClientLike,
  Bucket: string,
): Promise<void> {
  const { AbortMultipartUploadCommand } = await loadSdk()
  try {
    await client.send(new AbortMultipartUploadCommand({ Bucket, Key: key, UploadId: uploadId }))
  } catch (error) {
    // Another program aborted it first.
    if ((error as Error).name !== 'NoSuchUpload') throw error
  }
}
