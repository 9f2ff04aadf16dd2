import type { Checksums, ChecksumType } from '../body/checksums.ts'

/** What a client says about an object when it creates it. */
export interface ObjectAttributes {
  /** Stored headers, names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly metadata: Readonly<Record<string, string>>
}

export interface ObjectContent {
  readonly attributes: ObjectAttributes
  /** Empty when bodies are not kept. */
  readonly chunks: readonly Buffer[]
  readonly size: number
  readonly etag: string
  readonly checksums: Checksums
  readonly checksumType: ChecksumType
  /** Sizes of the S3 parts. */
  readonly parts?: readonly number[]
}

interface Version {
  readonly key: string
  /** `null` (the word) for what was stored without versioning. */
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

/** S3 lists keys by their UTF-8 bytes, which is not how JavaScript compares strings. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b))
}
