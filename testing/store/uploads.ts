import { randomBytes } from 'node:crypto'
import type { ChecksumType } from '../body/checksums.ts'
import type { Body } from '../body/read-body.ts'
import { noSuchUpload } from '../s3-error.ts'
import type { ChecksumAlgorithm } from '../types.ts'
import { compareKeys, type ObjectAttributes, type ObjectVersion } from './objects.ts'

export interface StoredPart extends Body {
  readonly lastModified: Date
}

export interface Upload {
  readonly uploadId: string
  readonly key: string
  readonly initiated: Date
  readonly attributes: ObjectAttributes
  /** Undefined if the client requested no checksum. */
  readonly checksumAlgorithm?: ChecksumAlgorithm
  readonly checksumType: ChecksumType
  readonly parts: Map<number, StoredPart>
}

export type NewUpload = Pick<Upload, 'key' | 'attributes' | 'checksumAlgorithm' | 'checksumType'>

const MAX_COMPLETED_UPLOADS = 1000

export class Uploads {
  readonly #unfinished = new Map<string, Upload>()
  /** For a repeated CompleteMultipartUpload, which gets the same response as the first. */
  readonly #completed = new Map<string, ObjectVersion>()
  #count = 0

  create(upload: NewUpload): Upload {
    // Ids sort by age, so that a listing can continue after an upload that has ended since.
    const age = String(this.#count++).padStart(8, '0')
    const uploadId = age + randomBytes(20).toString('hex')
    const created = { ...upload, uploadId, initiated: new Date(), parts: new Map() }
    this.#unfinished.set(uploadId, created)
    return created
  }

  /** Throws `NoSuchUpload`. */
  get(key: string, uploadId: string | null): Upload {
    const upload = this.#unfinished.get(uploadId ?? '')
    if (upload?.key !== key) throw noSuchUpload()
    return upload
  }

  completed(key: string, uploadId: string | null): ObjectVersion | undefined {
    const version = this.#completed.get(uploadId ?? '')
    return version?.key === key ? version : undefined
  }

  complete(upload: Upload, version: ObjectVersion): void {
    this.#unfinished.delete(upload.uploadId)
    // Without the bytes, which would stay in memory after the object is deleted.
    const content = { ...version.content, chunks: [] }
    this.#completed.set(upload.uploadId, { ...version, content })
    const [oldest] = this.#completed.keys()
    if (oldest !== undefined && this.#completed.size > MAX_COMPLETED_UPLOADS) this.#completed.delete(oldest)
  }

  abort(upload: Upload): void {
    this.#unfinished.delete(upload.uploadId)
  }

  /** Returns the uploads, sorted by key, then age. */
  list(): Upload[] {
    return [...this.#unfinished.values()].sort(
      (a, b) => compareKeys(a.key, b.key) || compareKeys(a.uploadId, b.uploadId),
    )
  }
}

/** Adds an S3 part. Discards the bytes of all parts once their total size exceeds `maxStoredBody`. */
export function addPart(upload: Upload, partNumber: number, part: StoredPart, maxStoredBody: number): void {
  upload.parts.set(partNumber, part)
  const parts = [...upload.parts.values()]
  if (parts.reduce((sum, { size }) => sum + size, 0) <= maxStoredBody) return
  for (const { chunks } of parts) chunks.length = 0
}

export function sortedParts(upload: Upload): (StoredPart & { readonly partNumber: number })[] {
  return [...upload.parts]
    .map(([partNumber, part]) => ({ ...part, partNumber }))
    .sort((a, b) => a.partNumber - b.partNumber)
}
