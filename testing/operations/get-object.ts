import type { Reply, S3Request } from '../http/s3-request.ts'
import { invalidArgument, noSuchKey, notImplemented, preconditionFailed, S3Error } from '../s3-error.ts'
import type { Bucket } from '../store/bucket.ts'
import { isDeleteMarker, isObject, type ObjectContent, type ObjectVersion } from '../store/objects.ts'
import { attributeHeaders } from './attributes.ts'
import { type ByteRange, parseRange, partRange, slice } from './byte-range.ts'
import { contentChecksumHeaders, objectHeaders, quoted } from './describe.ts'
import { matches } from './preconditions.ts'

const OVERRIDABLE_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
]

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
export function getObject(request: S3Request): Reply {
  const { content, range, reply } = describeObject(request)
  if (reply.status === 304) return reply
  if (!hasBody(content)) {
    const { maxStoredBody } = request.store.options
    throw notImplemented(`GetObject of a body that is not stored (storeBodies: ${maxStoredBody || false})`)
  }
  return { ...reply, body: slice(content.chunks, range) }
}

/** False if `storeBodies` excludes the object. */
function hasBody({ chunks, size }: ObjectContent): boolean {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0) === size
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html */
export function headObject(request: S3Request): Reply {
  return describeObject(request).reply
}

function describeObject(request: S3Request): { content: ObjectContent; range: ByteRange; reply: Reply } {
  const bucket = request.store.bucket(request.bucket)
  const version = findVersion(bucket, request)
  const { content } = version
  const whole = { start: 0, end: content.size - 1 }
  if (isUnmodified(request, content)) {
    const reply = { status: 304, headers: { etag: quoted(content.etag) } }
    return { content, range: whole, reply }
  }
  const partial = requestedRange(request, content)
  const range = partial ?? whole
  const wantsChecksum = request.headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED' && !partial
  const headers = {
    ...attributeHeaders(content.attributes),
    ...objectHeaders(bucket, version),
    ...overriddenHeaders(request.query),
    ...(wantsChecksum ? contentChecksumHeaders(content) : {}),
    'accept-ranges': 'bytes',
    'last-modified': version.lastModified.toUTCString(),
    'content-length': range.end - range.start + 1,
    'content-range': partial && `bytes ${range.start}-${range.end}/${content.size}`,
    'x-amz-mp-parts-count': request.query.has('partNumber') ? content.parts?.length : undefined,
  }
  return { content, range, reply: { status: partial ? 206 : 200, headers } }
}

function findVersion(bucket: Bucket, { key, query }: S3Request): ObjectVersion {
  const versionId = query.get('versionId')
  const version = versionId === null ? bucket.latest(key) : bucket.find(key, versionId)
  if (isObject(version)) return version
  const headers: Record<string, string> = isDeleteMarker(version)
    ? { 'x-amz-delete-marker': 'true', 'x-amz-version-id': version.versionId }
    : {}
  if (versionId === null) throw noSuchKey(headers)
  throw isDeleteMarker(version)
    ? new S3Error(405, 'MethodNotAllowed', 'The specified method is not allowed against this resource.', {
        headers,
      })
    : new S3Error(404, 'NoSuchVersion', 'The specified version does not exist.')
}

function isUnmodified({ headers }: S3Request, { etag }: ObjectContent): boolean {
  const ifMatch = headers['if-match']
  if (ifMatch !== undefined && !matches(ifMatch, etag)) throw preconditionFailed('If-Match')
  const ifNoneMatch = headers['if-none-match']
  return ifNoneMatch !== undefined && matches(ifNoneMatch, etag)
}

function requestedRange({ headers, query }: S3Request, content: ObjectContent): ByteRange | undefined {
  const partNumber = query.get('partNumber')
  if (partNumber === null) return parseRange(headers.range, content.size)
  if (!/^[1-9]\d{0,4}$/.test(partNumber))
    throw invalidArgument('Part number must be an integer from 1 to 10000')
  return partRange(content, Number(partNumber))
}

/** Returns the headers that `response-content-type` and similar query parameters replace. */
function overriddenHeaders(query: URLSearchParams): Record<string, string> {
  const overrides = OVERRIDABLE_HEADERS.map((name): [string, string | null] => [
    name,
    query.get(`response-${name}`),
  ])
  return Object.fromEntries(
    overrides.filter((override): override is [string, string] => override[1] !== null),
  )
}
