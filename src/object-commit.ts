import type { CompleteMultipartUploadCommandInput, PutObjectCommandInput } from '@aws-sdk/client-s3'
import { checksumsOf } from './checksums.ts'
import { ownerParams, removeObject } from './cleanup.ts'
import { bareETag, etagOfBody, etagOfParts } from './etag.ts'
import { hadNoEffect, statusOf, storageTime } from './s3-requests.ts'
import type { Checksums } from './types.ts'
import type { StoredObject, UploadScope, UploadTarget } from './uploader.ts'

interface Answer {
  ETag?: string | undefined
  VersionId?: string | undefined
}

/**
 * The one request that makes an object visible, and what has become of it. Its answer can be lost when the object
 * is already there, so a commit that has failed may have succeeded.
 */
export class ObjectCommit {
  readonly #target: UploadTarget
  readonly #scope: UploadScope
  #request: Promise<unknown> | undefined
  #state: 'none' | 'stored' | 'unknown' = 'none'
  #versionId: string | undefined
  #startedAt = 0
  #expectedETag = () => ''

  constructor(target: UploadTarget, scope: UploadScope) {
    this.#target = target
    this.#scope = scope
  }

  put(input: PutObjectCommandInput & { Body: Uint8Array }) {
    this.#expectedETag = () => etagOfBody(input.Body)
    return this.#commit(() => this.#scope.s3.putObject(input))
  }

  complete(input: CompleteMultipartUploadCommandInput) {
    const parts = input.MultipartUpload?.Parts ?? []
    this.#expectedETag = () => etagOfParts(parts.map(({ ETag }) => ETag))
    return this.#commit(() => this.#scope.s3.completeMultipartUpload(input))
  }

  /** Waits for a slot only while the upload is good, and then for the answer whatever happens. */
  #commit<Output extends Answer>(send: () => Promise<Output>): Promise<Output> {
    const request = this.#scope.slots.run(async () => {
      this.#startedAt = storageTime(this.#scope.client)
      this.#state = 'unknown'
      try {
        const answer = await send()
        this.#state = 'stored'
        this.#versionId = answer.VersionId
        return answer
      } catch (error) {
        if (hadNoEffect(error)) this.#state = 'none'
        // Here, and not when the slot is free: the next commit must not begin.
        this.#scope.fail(error)
        throw error
      }
    }, this.#scope.signal)
    this.#request = request
    return request
  }

  /** Our account of the object out of S3's answer. */
  async describe(answer: Answer, size: number): Promise<StoredObject> {
    // Ceph 16 completes without an ETag, Ceph 18 with one that has no quotes.
    const { ETag } = answer.ETag ? answer : await this.#head(answer.VersionId)
    const checksums = publicNames(checksumsOf(answer))
    return {
      size,
      etag: bareETag(ETag),
      ...(answer.VersionId && { versionId: answer.VersionId }),
      ...(checksums && { checksums }),
    }
  }

  #head(versionId?: string) {
    const { bucket, key, params } = this.#target
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html
    const { SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 } = params
    return this.#scope.s3.headObject({
      Bucket: bucket,
      Key: key,
      VersionId: versionId,
      SSECustomerAlgorithm,
      SSECustomerKey,
      SSECustomerKeyMD5,
      ...ownerParams(params),
    })
  }

  /** Whether S3 has said that the object is there. */
  get isStored(): boolean {
    return this.#state === 'stored'
  }

  /** Resolves when S3 has answered, if it has been asked. */
  async settled(): Promise<void> {
    await this.#request?.catch(() => {})
  }

  /** Removes the object if this commit has made it. Never rejects: what it cannot remove, it reports. */
  async undo(): Promise<void> {
    if (this.#state === 'stored') await removeObject(this.#versionId, this.#target, this.#scope)
    if (this.#state === 'unknown') await this.#undoUnknown()
    this.#state = 'none'
  }

  async #undoUnknown(): Promise<void> {
    const { bucket, key, unique } = this.#target
    try {
      const object = await this.#head()
      const ours = unique || this.#isOurs(object)
      if (ours) return await removeObject(object.VersionId, this.#target, this.#scope)
      if (ours === undefined)
        throw new Error('Whether this object is the one of the failed upload cannot be told.')
    } catch (cause) {
      if (statusOf(cause) === 404) return
      // Without the right to list a bucket, S3 says 403 of an object that is not there.
      if (unique && statusOf(cause) === 403) return removeObject(undefined, this.#target, this.#scope)
      this.#scope.reportLeftover({ bucket, key, cause })
    }
  }

  /** Undefined where it cannot be told: the ETag of an object encrypted with a key of its own is no MD5. */
  #isOurs(object: {
    ETag?: string
    LastModified?: Date
    ServerSideEncryption?: string
  }): boolean | undefined {
    const { ETag, LastModified, ServerSideEncryption } = object
    // LastModified has whole seconds.
    if (LastModified && LastModified.getTime() < Math.floor(this.#startedAt / 1000) * 1000) return false
    if (bareETag(ETag) === this.#expectedETag()) return true
    return ServerSideEncryption?.startsWith('aws:') || this.#target.params.SSECustomerKey ? undefined : false
  }
}

function publicNames(checksums: Record<string, string>): Checksums | undefined {
  const entries = Object.entries(checksums).map(([name, value]) => [
    name.replace('Checksum', '').toLowerCase(),
    value,
  ])
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}
