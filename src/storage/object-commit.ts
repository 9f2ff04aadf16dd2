import type {
  CompleteMultipartUploadCommandInput,
  HeadObjectCommandOutput,
  PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import type { Digests } from '../s3/body-digest.ts'
import { checksumsOf } from '../s3/checksum-fields.ts'
import { bareETag, etagOfBody, etagOfParts } from '../s3/etag.ts'
import { hadNoEffect, statusOf } from '../s3/s3-errors.ts'
import type { Checksums } from '../shared/types.ts'
import { ownerParams, removeObject } from './cleanup.ts'
import type { StoredObject, UploadScope, UploadTarget } from './uploader.ts'

interface Answer {
  ETag?: string | undefined
  VersionId?: string | undefined
  $metadata?: { attempts?: number | undefined }
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
  #etag = ''
  #attempts = 1
  #expectedETag = () => ''

  constructor(target: UploadTarget, scope: UploadScope) {
    this.#target = target
    this.#scope = scope
  }

  put(input: PutObjectCommandInput & { Body: Uint8Array }, digests?: Digests) {
    const expectedETag = () => etagOfBody(input.Body)
    return this.#commit(() => this.#scope.s3.putObject(input, digests), expectedETag)
  }

  complete(input: CompleteMultipartUploadCommandInput) {
    const parts = input.MultipartUpload?.Parts ?? []
    const expectedETag = () => etagOfParts(parts.map(({ ETag }) => ETag))
    return this.#commit(() => this.#scope.s3.completeMultipartUpload(input), expectedETag)
  }

  /** Waits for a slot only while the upload is good, and then for the answer whatever happens. */
  #commit<Output extends Answer>(send: () => Promise<Output>, expectedETag: () => string): Promise<Output> {
    this.#expectedETag = expectedETag
    const request = this.#scope.permits.run(async () => {
      this.#state = 'unknown'
      try {
        const answer = await send()
        this.#state = 'stored'
        this.#versionId = answer.VersionId
        this.#etag = bareETag(answer.ETag)
        this.#attempts = answer.$metadata?.attempts ?? 1
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
    const { ETag } = answer.ETag ? answer : await this.#scope.permits.run(() => this.#head(answer.VersionId))
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

  /** Removes what this commit has made. Never rejects: what it cannot remove, or cannot tell, it reports. */
  async undo(): Promise<void> {
    if (this.#state === 'stored') await this.#undoStored()
    // An attempt that was not answered may have made an object, or a version, of its own.
    if (this.#state === 'unknown' || this.#attempts > 1) await this.#undoUnknown()
    this.#state = 'none'
  }

  /** Under a key of the user, somebody else's object may stand there by now. A version is always ours. */
  async #undoStored(): Promise<void> {
    if (!this.#target.unique && this.#versionId === undefined && !(await this.#stillOurs())) return
    await removeObject(this.#versionId, this.#target, this.#scope)
  }

  async #stillOurs(): Promise<boolean> {
    if (this.#etag === '') return true
    try {
      const { ETag } = await this.#head()
      return bareETag(ETag) === this.#etag
    } catch (error) {
      // Gone, or not to be looked at: to remove it is right, or is reported.
      return statusOf(error) !== 404
    }
  }

  async #undoUnknown(): Promise<void> {
    const { bucket, key, unique } = this.#target
    try {
      // In a bucket with versions, each attempt may have made one.
      for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
        const object = await this.#head()
        if (!unique) return this.#reportDoubt(object)
        await removeObject(object.VersionId, this.#target, this.#scope)
        if (object.VersionId === undefined) return
      }
    } catch (cause) {
      if (statusOf(cause) === 404) return
      // Without the right to list a bucket, S3 says 403 of an object that is not there.
      if (unique && statusOf(cause) === 403) return removeObject(undefined, this.#target, this.#scope)
      this.#scope.reportLeftover({ bucket, key, cause })
    }
  }

  /** An object with our bytes may have been there before, or have come from somebody else: it is never removed. */
  #reportDoubt({ ETag, VersionId, ServerSideEncryption }: HeadObjectCommandOutput): void {
    const { bucket, key, params } = this.#target
    // Encrypted with a key of its own, the ETag is no MD5.
    const telling = !ServerSideEncryption?.startsWith('aws:') && !params.SSECustomerKey
    if (telling && bareETag(ETag) !== this.#expectedETag()) return
    const cause = new Error('Whether this object is the one of the failed upload cannot be told.')
    this.#scope.reportLeftover({ bucket, key, versionId: VersionId, cause })
  }
}

/** More than the SDK makes. */
const MOST_ATTEMPTS = 10

function publicNames(checksums: Record<string, string>): Checksums | undefined {
  const entries = Object.entries(checksums).map(([name, value]) => [
    name.replace('Checksum', '').toLowerCase(),
    value,
  ])
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}
