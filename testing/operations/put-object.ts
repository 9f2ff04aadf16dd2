import type { Reply, S3Request } from '../http/s3-request.ts'
import { readAttributes } from './attributes.ts'
import { contentChecksumHeaders, writeHeaders } from './describe.ts'
import { checkWriteConditions } from './preconditions.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
export async function putObject(request: S3Request): Promise<Reply> {
  const { key, headers } = request
  const bucket = request.store.bucket(request.bucket)
  const attributes = readAttributes(headers)
  checkWriteConditions(bucket, key, headers)
  const { chunks, size, md5, checksums } = await request.readBody({})
  // Checks again, because another request can have stored the object while this one read its body.
  checkWriteConditions(bucket, key, headers)
  const content = { attributes, chunks, size, etag: md5, checksums, checksumType: 'FULL_OBJECT' } as const
  const version = bucket.put(key, content)
  return {
    status: 200,
    headers: { ...writeHeaders(request, bucket, version), ...contentChecksumHeaders(version.content) },
  }
}
