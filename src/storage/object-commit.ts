import type { CompleteMultipartUploadCommandInput, PutObjectCommandInput } from '@aws-sdk/client-s3'
import type { Digests } from '../s3/body-digest.ts'
import { checksumsOf } from '../s3/checksum-fields.ts'
import { bareETag, etagOfBody, etagOfParts } from '../s3/etag.ts'
import { hadNoEffect } from '../s3/s3-errors.ts'
import type { Checksums } from '../shared/types.ts'
import { headObject, removeConfirmed, removeUnconfirmed } from './object-rollback.ts'
import type { StoredObject, UploadScope, UploadTarget } from './uploader.ts'

export interface CommitOutput {
  ETag?: string | undefined
  VersionId?: string | undefined
  $metadata?: { attempts?: number | undefined }
}

/**
 * The one request that makes an object visible, and its effect. S3 can create the object although its response is
 * lost, so a commit that failed may have succeeded.
 */
export class ObjectCommit {
  readonly #target: UploadTarget
  readonly #scope: UploadScope
  #releasePermit: (() => void) | undefined
  #state: 'none' | 'stored' | 'unknown' = 'none'
  #versionId: string | undefined
  #etag = ''
  #attempts = 1
  #expectedETag: (() => string) | undefined

  constructor(target: UploadTarget, scope: UploadScope) {
    this.#target = target
    this.#scope = scope
  }

  put(input: PutObjectCommandInput & { Body: Uint8Array }, digests?: Digests) {
    const expectedETag = () => etagOfBody(input.Body)
    return this.#send(() => this.#scope.s3.putObject(input, digests), expectedETag)
  }

  complete(input: CompleteMultipartUploadCommandInput) {
    const parts = input.MultipartUpload?.Parts ?? []
    const expectedETag = () => etagOfParts(parts.map(({ ETag }) => ETag))
    return this.#send(() => this.#scope.s3.completeMultipartUpload(input), expectedETag)
  }

  /**
   * Does not start after the upload has failed. Never cut short once it has started.
   *
   * A commit that fails keeps its permit until `releasePermit()`: no commit that waits for it may start before the
   * upload has failed.
   */
  async #send<Output extends CommitOutput>(
    send: () => Promise<Output>,
    expectedETag: () => string,
  ): Promise<Output> {
    const { permits, signal } = this.#scope
    const release = await permits.acquire(signal)
    // The upload can fail between the grant and this line.
    if (signal.aborted) release()
    signal.throwIfAborted()
    this.#releasePermit = release
    this.#expectedETag = expectedETag
    this.#state = 'unknown'
    try {
      const output = await send()
      this.#state = 'stored'
      this.#versionId = output.VersionId
      this.#etag = bareETag(output.ETag)
      this.#attempts = output.$metadata?.attempts ?? 1
      release()
      return output
    } catch (error) {
      if (hadNoEffect(error)) this.#state = 'none'
      throw error
    }
  }

  /** Called when the upload has failed. */
  releasePermit(): void {
    this.#releasePermit?.()
  }

  /** Returns the stored object as the response of S3 describes it. */
  async describe(output: CommitOutput, size: number): Promise<StoredObject> {
    // Ceph 16 completes without an ETag, Ceph 18 with one that has no quotes.
    const { ETag } = output.ETag ? output : await this.#head(output.VersionId)
    const checksums = publicNames(checksumsOf(output))
    return {
      size,
      etag: bareETag(ETag),
      ...(output.VersionId && { versionId: output.VersionId }),
      ...(checksums && { checksums }),
    }
  }

  #head(versionId: string | undefined) {
    return this.#scope.permits.run(() => headObject(this.#target, this.#scope, versionId))
  }

  /** True if S3 has confirmed the object. */
  get isStored(): boolean {
    return this.#state === 'stored'
  }

  /** Removes what the request created. Never rejects; reports what it cannot remove and what is in doubt. */
  async undo(): Promise<void> {
    const confirmed = { versionId: this.#versionId, etag: this.#etag }
    if (this.#state === 'stored') await removeConfirmed(confirmed, this.#target, this.#scope)
    // An attempt whose response was lost may have created an object, or a version, of its own.
    const lostResponse = this.#state === 'unknown' || this.#attempts > 1
    if (lostResponse) await removeUnconfirmed(this.#expectedETag?.() ?? '', this.#target, this.#scope)
    this.#state = 'none'
  }
}

function publicNames(checksums: Record<string, string>): Checksums | undefined {
  const entries = Object.entries(checksums).map(([name, value]) => [
    name.replace('Checksum', '').toLowerCase(),
    value,
  ])
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}
