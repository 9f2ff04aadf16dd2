import type { Checksums, ChecksumType } from '../body/checksums.ts'
import type { S3Request } from '../http/s3-request.ts'
import { type Bucket, NULL_VERSION_ID } from '../store/bucket.ts'
import type { ObjectContent, ObjectVersion } from '../store/objects.ts'
import { textElement } from '../xml/write-xml.ts'
import { encryptionHeaders } from './attributes.ts'

type ReplyHeaders = Record<string, string | undefined>

export function quoted(etag: string): string {
  return `"${etag}"`
}

export function checksumHeaders(checksums: Checksums, type?: ChecksumType): ReplyHeaders {
  const values = Object.entries(checksums)
  const headers = Object.fromEntries(values.map(([name, value]) => [`x-amz-checksum-${name}`, value]))
  return values.length > 0 ? { ...headers, 'x-amz-checksum-type': type } : {}
}

export function checksumElements(checksums: Checksums): string {
  return Object.entries(checksums)
    .map(([name, value]) => textElement(checksumElementName(name), value))
    .join('')
}

export function checksumElementName(algorithm: string): string {
  return `Checksum${algorithm.toUpperCase()}`
}

/** Returns undefined in a bucket that never had versioning. */
export function versionIdOf(bucket: Bucket, version: ObjectVersion): string | undefined {
  return bucket.versioning === undefined ? undefined : version.versionId
}

/** Returns the headers of every response about a stored object. */
export function objectHeaders(bucket: Bucket, version: ObjectVersion): ReplyHeaders {
  return {
    etag: quoted(version.content.etag),
    'x-amz-version-id': versionIdOf(bucket, version),
    ...encryptionHeaders(version.content.attributes),
  }
}

/** Returns the headers of the response to the write that stored the version. */
export function writeHeaders({ store }: S3Request, bucket: Bucket, version: ObjectVersion): ReplyHeaders {
  const headers = objectHeaders(bucket, version)
  const isOmitted = store.options.omitNullVersionIds && version.versionId === NULL_VERSION_ID
  return isOmitted ? { ...headers, 'x-amz-version-id': undefined } : headers
}

export function contentChecksumHeaders({ checksums, checksumType }: ObjectContent): ReplyHeaders {
  return checksumHeaders(checksums, checksumType)
}
