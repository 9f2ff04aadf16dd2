import type { Checksums, ChecksumType } from '../body/checksums.ts'

/** Headers and metadata that a client sends when it creates an object. */
export interface ObjectAttributes {
  /** Stored headers, names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly metadata: Readonly<Record<string, string>>
}

export interface ObjectContent {
  readonly attributes: ObjectAttributes
  /** Empty if `storeBodies` excludes the object. */
  readonly chunks: readonly Buffer[]
  readonly size: number
  readonly etag: string
  readonly checksums: Checksums
  readonly checksumType: ChecksumType
  /** Sizes of the S3 parts in bytes. */
  readonly parts?: readonly number[]
}

interface Version {
  readonly key: string
  /** The string `null` for a version stored without versioning. */
  readonly versionId: string
  readonly lastModified: Date
}

export interface ObjectVersion extends Version {
  readonly content: ObjectContent
}

export interface DeleteMarker extends Version {
  readonly content: undefined
}

export type AnyVersion = ObjectVersion | DeleteMarker

export function isObject(version: AnyVersion | undefined): version is ObjectVersion {
  return version?.content !== undefined
}

export function isDeleteMarker(version: AnyVersion | undefined): version is DeleteMarker {
  return version !== undefined && version.content === undefined
}

/** Compares keys by their UTF-8 bytes, as S3 does. JavaScript compares strings by UTF-16 code units. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
