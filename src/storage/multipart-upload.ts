import type {
  CreateMultipartUploadCommandInput,
  CreateMultipartUploadCommandOutput,
} from '@aws-sdk/client-s3'
import { listUploads } from '../s3/list-uploads.ts'
import { hadNoEffect } from '../s3/s3-errors.ts'
import { insist, ownerParams } from './cleanup.ts'
import type { UploadScope, UploadTarget } from './uploader.ts'

/** By how much the clock of S3 may differ before it refuses requests: milliseconds. */
const CLOCK_DIFFERENCE = 15 * 60_000

/** An unfinished multipart upload at S3, from its creation until it is removed. */
export class MultipartUpload {
  readonly #target: UploadTarget
  readonly #scope: UploadScope
  #creation: Promise<CreateMultipartUploadCommandOutput> | undefined
  #startedAt = 0
  #id: string | undefined
  /** Why there may be an upload whose id nobody has told us. */
  #lost: unknown

  constructor(target: UploadTarget, scope: UploadScope) {
    this.#target = target
    this.#scope = scope
  }

  /** Sent once, however often it is called. */
  create(input: CreateMultipartUploadCommandInput): Promise<CreateMultipartUploadCommandOutput> {
    this.#creation ??= this.#create(input)
    return this.#creation
  }

  async #create(input: CreateMultipartUploadCommandInput): Promise<CreateMultipartUploadCommandOutput> {
    this.#startedAt = Date.now()
    try {
      const answer = await this.#scope.s3.createMultipartUpload(input)
      if (answer.$metadata.attempts !== 1) this.#lost = new Error('An earlier attempt was not answered.')
      this.#id = answer.UploadId
      return answer
    } catch (error) {
      if (!hadNoEffect(error)) this.#lost = error
      throw error
    }
  }

  /** When the upload has become an object: an earlier attempt to create it may have left another one. */
  async finish(): Promise<void> {
    if (this.#lost) await this.#removeUnnamed()
  }

  /** Never rejects: what it cannot remove, it reports. */
  async remove(): Promise<void> {
    await this.#creation?.catch(() => {})
    if (this.#id) await this.#removeParts(this.#id)
    if (this.#lost) await this.#removeUnnamed()
  }

  async #removeParts(uploadId: string): Promise<void> {
    const { bucket, key, params } = this.#target
    const { s3, reportLeftover } = this.#scope
    try {
      await insist(() =>
        s3.abortMultipartUpload({ Bucket: bucket, Key: key, UploadId: uploadId, ...ownerParams(params) }),
      )
    } catch (cause) {
      reportLeftover({ bucket, key, uploadId, cause })
    }
  }

  /** Under a key that is ours alone, every upload is ours. Under another one it may be somebody else's. */
  async #removeUnnamed(): Promise<void> {
    const { bucket, key, unique, params } = this.#target
    const { s3, reportLeftover } = this.#scope
    const since = this.#startedAt - CLOCK_DIFFERENCE
    try {
      const input = { Bucket: bucket, Prefix: key, ...ownerParams(params) }
      for await (const upload of listUploads(s3.listMultipartUploads, input)) {
        if (upload.key !== key || upload.uploadId === this.#id) continue
        if (unique) await this.#removeParts(upload.uploadId)
        else if (upload.initiated.getTime() >= since)
          reportLeftover({ bucket, key, uploadId: upload.uploadId, cause: this.#lost })
      }
    } catch (cause) {
      reportLeftover({ bucket, key, cause })
    }
  }
}
