import type { CompleteMultipartUploadCommandOutput, PutObjectCommandOutput } from '@aws-sdk/client-s3'
import type { Checksums, ObjectParams } from './types.ts'
import type { StoredObject, UploadScope, UploadTarget } from './uploader.ts'

type Answer = Pick<
  PutObjectCommandOutput & CompleteMultipartUploadCommandOutput,
  | 'ETag'
  | 'VersionId'
  | 'ChecksumCRC32'
  | 'ChecksumCRC32C'
  | 'ChecksumCRC64NVME'
  | 'ChecksumSHA1'
  | 'ChecksumSHA256'
>

/** Our account of an object out of S3's answer to PutObject or CompleteMultipartUpload. */
export async function describeObject(
  answer: Answer,
  size: number,
  { bucket, key, params }: UploadTarget,
  { s3 }: UploadScope,
): Promise<StoredObject> {
  // Ceph 16 completes without an ETag, Ceph 18 with one that has no quotes.
  const { ETag } = answer.ETag
    ? answer
    : await s3.headObject({
        Bucket: bucket,
        Key: key,
        VersionId: answer.VersionId,
        ...ownerParams(params),
        ...customerKeyParams(params),
      })
  const checksums = checksumsOf(answer)
  return {
    size,
    etag: (ETag ?? '').replaceAll('"', ''),
    ...(answer.VersionId && { versionId: answer.VersionId }),
    ...(checksums && { checksums }),
  }
}

function checksumsOf(answer: Answer): Checksums | undefined {
  const checksums: Checksums = {
    ...(answer.ChecksumCRC32 && { crc32: answer.ChecksumCRC32 }),
    ...(answer.ChecksumCRC32C && { crc32c: answer.ChecksumCRC32C }),
    ...(answer.ChecksumCRC64NVME && { crc64nvme: answer.ChecksumCRC64NVME }),
    ...(answer.ChecksumSHA1 && { sha1: answer.ChecksumSHA1 }),
    ...(answer.ChecksumSHA256 && { sha256: answer.ChecksumSHA256 }),
  }
  return Object.keys(checksums).length > 0 ? checksums : undefined
}

/** Removes an object that this upload has made. Never rejects: what it cannot remove, it reports. */
export async function removeObject(
  versionId: string | undefined,
  { bucket, key, params }: UploadTarget,
  { s3, reportLeftover }: UploadScope,
): Promise<void> {
  try {
    await s3.deleteObject({ Bucket: bucket, Key: key, VersionId: versionId, ...ownerParams(params) })
  } catch (cause) {
    reportLeftover({ bucket, key, versionId, cause })
  }
}

/** Removes an unfinished multipart upload. Never rejects: what it cannot remove, it reports. */
export async function removeParts(
  uploadId: string,
  { bucket, key, params }: UploadTarget,
  { s3, reportLeftover }: UploadScope,
): Promise<void> {
  try {
    await s3.abortMultipartUpload({ Bucket: bucket, Key: key, UploadId: uploadId, ...ownerParams(params) })
  } catch (cause) {
    reportLeftover({ bucket, key, uploadId, cause })
  }
}

function ownerParams({ ExpectedBucketOwner, RequestPayer }: ObjectParams) {
  return { ExpectedBucketOwner, RequestPayer }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html */
function customerKeyParams({ SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 }: ObjectParams) {
  return { SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 }
}
