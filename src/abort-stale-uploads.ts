import { resolveOptions } from './options/resolve-options.ts'
import { listUploads, type UnfinishedUpload } from './s3/list-uploads.ts'
import { createRequestLimiter } from './s3/request-limiter.ts'
import { defaultClient, loadSdk } from './s3/sdk.ts'
import { type Duration, parseDuration } from './shared/durations.ts'
import { describe } from './shared/sizes.ts'
import type { S3ClientLike } from './shared/types.ts'

export interface AbortStaleUploadsOptions {
  bucket: string
  /** @default one `S3Client` for the process, set up from the environment */
  client?: S3ClientLike
  /** Only uploads whose key begins with it. @default every upload of the bucket, whoever began it */
  prefix?: string
  /**
   * Age from which an upload counts as orphaned: milliseconds, or text such as `'24h'`. S3 cannot tell an
   * orphaned upload from a slow one, so this has to be far longer than the longest upload takes, and longer
   * than the clocks of this machine and of S3 can differ.
   */
  olderThan: Duration
}

export type StaleUpload = UnfinishedUpload

export interface AbortStaleUploadsResult {
  /** Gone from S3. Somebody else may have been the one who removed it. */
  aborted: StaleUpload[]
  /** Still there, as far as is known. */
  failed: (StaleUpload & { cause: unknown })[]
}

/** AbortMultipartUpload requests in flight at once. */
const CONCURRENCY = 4

/**
 * Removes the multipart uploads that a process has left unfinished because it died: S3 keeps their parts, unseen
 * and paid for, until somebody aborts them. To be run at times, not at each start of a server: it lists every
 * unfinished upload below `prefix`. Where the bucket can be set up, a lifecycle rule does the same without code:
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpu-abort-incomplete-mpu-lifecycle-config.html
 *
 * Goes on after an abort that failed. Rejects with the SDK's error when the uploads cannot be listed. Needs the
 * permissions `s3:ListBucketMultipartUploads` and `s3:AbortMultipartUpload`.
 *
 * @throws TypeError (it rejects with it) for options that cannot be
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
  // Above all a prefix: overlooked, it would take in the whole bucket.
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
  const permits = createRequestLimiter().permitsFor({ uploadLimit: CONCURRENCY, totalLimit: CONCURRENCY })
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
    // Somebody else was faster.
    if ((error as Error).name !== 'NoSuchUpload') throw error
  }
}
