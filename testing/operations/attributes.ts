import type { Headers } from '../http/headers.ts'
import { notImplemented, S3Error } from '../s3-error.ts'
import type { ObjectAttributes } from '../store/objects.ts'

const METADATA_PREFIX = 'x-amz-meta-'
const MAX_METADATA_BYTES = 2048

/** Headers that the server stores with an object and returns with it. */
const RETURNED_HEADERS = [
  'cache-control',
  'content-disposition',
  'content-encoding',
  'content-language',
  'content-type',
  'expires',
  'x-amz-server-side-encryption',
  'x-amz-server-side-encryption-aws-kms-key-id',
  'x-amz-server-side-encryption-bucket-key-enabled',
  'x-amz-storage-class',
  'x-amz-website-redirect-location',
]

/** Headers that the server stores for `objects()` only: in S3, separate operations return these values. */
const HIDDEN_HEADERS = ['x-amz-acl', 'x-amz-tagging']

export function readAttributes(headers: Headers): ObjectAttributes {
  if (headers['x-amz-server-side-encryption-customer-algorithm'] !== undefined) {
    throw notImplemented('encryption with customer-provided keys')
  }
  return { headers: storedHeaders(headers), metadata: userMetadata(headers) }
}

function storedHeaders(headers: Headers): Record<string, string> {
  const stored: Record<string, string> = { 'content-type': 'binary/octet-stream' }
  for (const name of [...RETURNED_HEADERS, ...HIDDEN_HEADERS]) {
    const value = name === 'content-encoding' ? contentEncoding(headers[name]) : headers[name]
    if (value !== undefined) stored[name] = value
  }
  return stored
}

/** Removes aws-chunked: it is the framing of the request body, not an encoding of the object. */
function contentEncoding(value = ''): string | undefined {
  const encodings = value.split(',').map(encoding => encoding.trim())
  return encodings.filter(encoding => encoding !== '' && encoding !== 'aws-chunked').join(',') || undefined
}

function userMetadata(headers: Headers): Record<string, string> {
  const entries = Object.entries(headers)
    .filter(([name]) => name.startsWith(METADATA_PREFIX))
    .map(([name, value = '']): [string, string] => [name.slice(METADATA_PREFIX.length), value])
  const size = entries.reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value), 0)
  if (size > MAX_METADATA_BYTES) {
    throw new S3Error(
      400,
      'MetadataTooLarge',
      'Your metadata headers exceed the maximum allowed metadata size',
    )
  }
  return Object.fromEntries(entries)
}

/** Returns the attributes of an object as headers of GetObject and HeadObject. */
export function attributeHeaders({ headers, metadata }: ObjectAttributes): Record<string, string> {
  const returned = Object.entries(headers).filter(([name]) => RETURNED_HEADERS.includes(name))
  const user = Object.entries(metadata).map(([name, value]) => [METADATA_PREFIX + name, value])
  const tags = [...new URLSearchParams(headers['x-amz-tagging'])].length
  return {
    ...Object.fromEntries(returned),
    ...Object.fromEntries(user),
    ...(tags > 0 ? { 'x-amz-tagging-count': String(tags) } : {}),
  }
}

export function encryptionHeaders({ headers }: ObjectAttributes): Record<string, string> {
  const encryption = Object.entries(headers).filter(([name]) =>
    name.startsWith('x-amz-server-side-encryption'),
  )
  return Object.fromEntries(encryption)
}
