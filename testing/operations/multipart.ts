import { type ChecksumType, isChecksumAlgorithm, isCrc } from '../body/checksums.ts'
import type { Headers } from '../http/headers.ts'
import { type Reply, type S3Request, xmlReply } from '../http/s3-request.ts'
import { invalidArgument, invalidRequest } from '../s3-error.ts'
import { addPart, type Upload } from '../store/uploads.ts'
import type { ChecksumAlgorithm } from '../types.ts'
import { textElement, xmlDocument } from '../xml/write-xml.ts'
import { encryptionHeaders, readAttributes } from './attributes.ts'
import { checksumHeaders, quoted } from './describe.ts'

const MAX_PART_NUMBER = 10_000

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
export function createMultipartUpload({ store, bucket, key, headers }: S3Request): Reply {
  const attributes = readAttributes(headers)
  const checksum = readChecksumChoice(headers)
  const upload = store.bucket(bucket).uploads.create({ key, attributes, ...checksum })
  return xmlReply(
    xmlDocument(
      'InitiateMultipartUploadResult',
      textElement('Bucket', bucket),
      textElement('Key', key),
      textElement('UploadId', upload.uploadId),
    ),
    {
      'x-amz-checksum-algorithm': upload.checksumAlgorithm?.toUpperCase(),
      'x-amz-checksum-type': upload.checksumAlgorithm && upload.checksumType,
      ...encryptionHeaders(attributes),
    },
  )
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html */
function readChecksumChoice(headers: Headers): {
  checksumAlgorithm: ChecksumAlgorithm | undefined
  checksumType: ChecksumType
} {
  const algorithm = headers['x-amz-checksum-algorithm']?.toLowerCase()
  if (algorithm !== undefined && !isChecksumAlgorithm(algorithm)) {
    throw invalidRequest('Checksum algorithm provided is unsupported.')
  }
  const defaultType = algorithm === undefined || algorithm === 'crc64nvme' ? 'FULL_OBJECT' : 'COMPOSITE'
  const type = headers['x-amz-checksum-type']?.toUpperCase() ?? defaultType
  if (type !== 'COMPOSITE' && type !== 'FULL_OBJECT') {
    throw invalidRequest('Value for x-amz-checksum-type header is invalid.')
  }
  const isAllowed =
    type === 'COMPOSITE' ? algorithm !== 'crc64nvme' : algorithm === undefined || isCrc(algorithm)
  if (!isAllowed)
    throw invalidRequest(`The ${type} checksum type cannot be used with the ${algorithm} checksum algorithm.`)
  return { checksumAlgorithm: algorithm, checksumType: type }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html */
export async function uploadPart(request: S3Request): Promise<Reply> {
  const { query, key } = request
  const { uploads } = request.store.bucket(request.bucket)
  const uploadId = query.get('uploadId')
  const partNumber = readPartNumber(query)
  const upload = uploads.get(key, uploadId)
  verifyAlgorithm(request, upload)
  const { checksumAlgorithm } = upload
  const body = await request.readBody({ compute: checksumAlgorithm && [checksumAlgorithm] })
  // Gets the upload again, because another request can have completed or aborted it while this one read its body.
  const part = { ...body, lastModified: new Date() }
  addPart(uploads.get(key, uploadId), partNumber, part, request.store.options.maxStoredBody)
  return {
    status: 200,
    headers: {
      etag: quoted(body.md5),
      ...checksumHeaders(body.checksums),
      ...encryptionHeaders(upload.attributes),
    },
  }
}

function readPartNumber(query: URLSearchParams): number {
  const value = query.get('partNumber') ?? ''
  const partNumber = /^\d{1,5}$/.test(value) ? Number(value) : 0
  if (partNumber < 1 || partNumber > MAX_PART_NUMBER) {
    throw invalidArgument(`Part number must be an integer between 1 and ${MAX_PART_NUMBER}, inclusive`)
  }
  return partNumber
}

/** Throws if the checksum of an S3 part uses another algorithm than the upload was created with. */
function verifyAlgorithm({ headers, store }: S3Request, { checksumAlgorithm, checksumType }: Upload): void {
  if (checksumAlgorithm === undefined) return
  const names = [...Object.keys(headers), headers['x-amz-trailer'] ?? '']
  const sent = names.map(name => name.replace('x-amz-checksum-', '')).find(isChecksumAlgorithm)
  if (sent === checksumAlgorithm) return
  if (sent === undefined && !(checksumType === 'COMPOSITE' && store.options.requirePartChecksums)) return
  throw invalidRequest(
    `Checksum Type mismatch occurred, expected checksum Type: ${checksumAlgorithm}, actual checksum Type: ${sent ?? 'null'}`,
  )
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html */
export function abortMultipartUpload({ store, bucket, key, query }: S3Request): Reply {
  const { uploads } = store.bucket(bucket)
  uploads.abort(uploads.get(key, query.get('uploadId')))
  return { status: 204 }
}
