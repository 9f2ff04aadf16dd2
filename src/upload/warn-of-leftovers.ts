import type { Leftover } from '../shared/errors.ts'
import { describe } from '../shared/sizes.ts'
import { describeThrown } from '../shared/thrown.ts'

/**
 * Emits a process warning for what an upload has left although it succeeded: S3 created a multipart upload, but its
 * response was lost, so the file was stored through another one.
 */
export function warnOfLeftovers(leftovers: readonly Leftover[]): void {
  for (const { bucket, key, uploadId, cause } of leftovers) {
    const id = uploadId === undefined ? '' : ` (UploadId ${describe(uploadId)})`
    process.emitWarning(
      `S3 may hold an unfinished multipart upload of ${describe(key)} in the bucket ${describe(bucket)}${id}, ` +
        `which abortStaleUploads() removes: ${describeThrown(cause)}`,
      's3-upstream',
    )
  }
}
