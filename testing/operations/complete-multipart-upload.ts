import { createHash } from 'node:crypto'
import { type Checksums, compositeChecksum, fullObjectChecksum, isCrc } from '../body/checksums.ts'
import type { Headers } from '../http/headers.ts'
import { type Reply, type S3Request, xmlReply } from '../http/s3-request.ts'
import { invalidRequest, malformedXml, S3Error } from '../s3-error.ts'
import type { Bucket } from '../store/bucket.ts'
import type { ObjectContent, ObjectVersion } from '../store/objects.ts'
import type { StoreOptions } from '../store/store.ts'
import type { StoredPart, Upload } from '../store/uploads.ts'
import { encodePath } from '../uri.ts'
import { childrenOf, childText, readXml, type XmlElement } from '../xml/read-xml.ts'
import { textElement, xmlDocument } from '../xml/write-xml.ts'
import { checksumElementName, checksumElements, quoted, writeHeaders } from './describe.ts'
import { checkWriteConditions } from './preconditions.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html */
export async function completeMultipartUpload(request: S3Request): Promise<Reply> {
  const { key, headers, store } = request
  const bucket = store.bucket(request.bucket)
  const uploadId = request.query.get('uploadId')
  const listed = readPartList(await request.readText())
  // A client that lost the response repeats the request. S3 then sends the same response again.
  const completed = bucket.uploads.completed(key, uploadId)
  if (completed?.content.etag === listedETag(listed)) return describe(request, bucket, completed)
  const upload = bucket.uploads.get(key, uploadId)
  checkWriteConditions(bucket, key, headers)
  const content = assemble(upload, pickParts(upload, listed, store.options), headers, store.options)
  const version = bucket.put(key, content)
  bucket.uploads.complete(upload, version)
  return describe(request, bucket, version)
}

function readPartList(body: string): XmlElement[] {
  const root = readXml(body)
  const parts = childrenOf(root, 'Part')
  if (root.name !== 'CompleteMultipartUpload' || parts.length === 0) throw malformedXml()
  return parts
}

/** Returns the ETag of an object with exactly these S3 parts. */
function listedETag(listed: readonly XmlElement[]): string {
  return multipartETag(listed.map(part => childText(part, 'ETag')?.replaceAll('"', '') ?? ''))
}

/** `md5s`: of the S3 parts, in hex. */
function multipartETag(md5s: readonly string[]): string {
  const hash = createHash('md5')
  for (const md5 of md5s) hash.update(md5, 'hex')
  return `${hash.digest('hex')}-${md5s.length}`
}

function pickParts(upload: Upload, listed: readonly XmlElement[], options: StoreOptions): StoredPart[] {
  let previous = 0
  const picked = listed.map(element => {
    const partNumber = Number(childText(element, 'PartNumber'))
    if (!Number.isInteger(partNumber)) throw malformedXml()
    if (partNumber <= previous) {
      throw new S3Error(
        400,
        'InvalidPartOrder',
        'The list of parts was not in ascending order. Parts must be ordered by part number.',
      )
    }
    previous = partNumber
    return pickPart(upload, partNumber, element, options)
  })
  for (const { size } of picked.slice(0, -1)) {
    if (size >= options.minPartSize) continue
    throw new S3Error(
      400,
      'EntityTooSmall',
      'Your proposed upload is smaller than the minimum allowed size',
      {
        elements: { ProposedSize: String(size), MinSizeAllowed: String(options.minPartSize) },
      },
    )
  }
  return picked
}

function pickPart(
  upload: Upload,
  partNumber: number,
  element: XmlElement,
  options: StoreOptions,
): StoredPart {
  const part = upload.parts.get(partNumber)
  const etag = childText(element, 'ETag')?.replaceAll('"', '')
  if (part?.md5 !== etag || !part || !hasMatchingChecksums(part, element)) {
    throw new S3Error(
      400,
      'InvalidPart',
      "One or more of the specified parts could not be found. The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.",
      { elements: { PartNumber: String(partNumber) } },
    )
  }
  const { checksumAlgorithm: algorithm, checksumType } = upload
  const needsChecksum = options.requirePartChecksums && algorithm && checksumType === 'COMPOSITE'
  if (needsChecksum && childText(element, checksumElementName(algorithm)) === undefined) {
    throw invalidRequest(
      `The upload was created using a ${algorithm} checksum. The complete request must include the checksum for each part. It was missing for part ${partNumber} in the request.`,
    )
  }
  return part
}

function hasMatchingChecksums(part: StoredPart, element: XmlElement): boolean {
  return Object.entries(part.checksums).every(([algorithm, checksum]) => {
    const declared = childText(element, checksumElementName(algorithm))
    return declared === undefined || declared === checksum
  })
}

function assemble(
  upload: Upload,
  parts: readonly StoredPart[],
  headers: Headers,
  { maxStoredBody }: StoreOptions,
): ObjectContent {
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  const expectedSize = readExpectedSize(headers)
  if (expectedSize !== undefined && expectedSize !== size) {
    throw invalidRequest(
      `The provided 'x-amz-mp-object-size' header value ${expectedSize} does not match what was computed: ${size}`,
    )
  }
  return {
    attributes: upload.attributes,
    chunks: storedChunks(parts, maxStoredBody),
    size,
    etag: multipartETag(parts.map(part => part.md5)),
    checksums: objectChecksums(upload, parts, headers),
    checksumType: upload.checksumType,
    parts: parts.map(part => part.size),
  }
}

/** Returns no bytes if `storeBodies` excludes the object, or one of its S3 parts while the upload was larger. */
function storedChunks(parts: readonly StoredPart[], maxStoredBody: number): Buffer[] {
  const isStored = ({ chunks, size }: StoredPart) => size === 0 || chunks.length > 0
  const size = parts.reduce((sum, part) => sum + part.size, 0)
  return size <= maxStoredBody && parts.every(isStored) ? parts.flatMap(part => part.chunks) : []
}

/** Returns the object size that the client expects (`MpuObjectSize`). Throws `InvalidRequest` if it is not a size. */
function readExpectedSize({ 'x-amz-mp-object-size': value }: Headers): number | undefined {
  if (value === undefined) return undefined
  if (/^-\d{1,15}$/.test(value)) {
    throw invalidRequest(`Value for x-amz-mp-object-size header is less than zero: '${value}'`)
  }
  if (!/^\d{1,15}$/.test(value)) {
    throw invalidRequest(`Value for x-amz-mp-object-size header is invalid: '${value}'`)
  }
  return Number(value)
}

/** Returns no checksum without an algorithm. S3 computes a CRC-64 then; no test needs it, and it costs time. */
function objectChecksums(upload: Upload, parts: readonly StoredPart[], headers: Headers): Checksums {
  const { checksumAlgorithm: algorithm, checksumType } = upload
  if (algorithm === undefined) return {}
  const declaredType = headers['x-amz-checksum-type']
  if (declaredType !== undefined && declaredType.toUpperCase() !== checksumType) {
    throw invalidRequest(`The upload was created using the ${checksumType} checksum mode.`)
  }
  const partChecksums = parts.map(({ checksums, size }) => ({ checksum: checksums[algorithm] ?? '', size }))
  const checksum =
    checksumType === 'FULL_OBJECT' && isCrc(algorithm)
      ? fullObjectChecksum(algorithm, partChecksums)
      : compositeChecksum(
          algorithm,
          partChecksums.map(part => part.checksum),
        )
  const declared = headers[`x-amz-checksum-${algorithm}`]
  if (declared !== undefined && withoutCount(declared) !== withoutCount(checksum)) {
    throw new S3Error(
      400,
      'BadDigest',
      `The ${algorithm} you specified did not match the calculated checksum.`,
    )
  }
  return { [algorithm]: checksum }
}

/** Removes the number of S3 parts, which clients can omit from a composite checksum. */
function withoutCount(checksum: string): string {
  return checksum.replace(/-\d+$/, '')
}

function describe(request: S3Request, bucket: Bucket, version: ObjectVersion): Reply {
  const { content } = version
  const { etag: _, ...headers } = writeHeaders(request, bucket, version)
  const hasChecksum = Object.keys(content.checksums).length > 0
  return xmlReply(
    xmlDocument(
      'CompleteMultipartUploadResult',
      textElement('Location', `http://${request.headers.host}/${request.bucket}/${encodePath(request.key)}`),
      textElement('Bucket', request.bucket),
      textElement('Key', request.key),
      textElement('ETag', quoted(content.etag)),
      checksumElements(content.checksums),
      textElement('ChecksumType', hasChecksum ? content.checksumType : undefined),
    ),
    headers,
  )
}
