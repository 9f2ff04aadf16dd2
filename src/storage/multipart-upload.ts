import type {
  CreateMultipartUploadCommandInput,
  CreateMultipartUploadCommandOutput,
} from '@aws-sdk/client-s3'
import { listUploads } from '../s3/list-uploads.ts'
import { attemptsOf, hadLostAttempt, type RequestAttempts } from '../s3/request-attempts.ts'
import { incompleteResponse } from '../shared/upload-errors.ts'
import { ownerParams, retryCleanup } from './cleanup.ts'
import { MAX_CLOCK_SKEW_MS } from './expected-object.ts'
import type { UploadScope, UploadTarget } from './uploader.ts'

/** An unfinished multipart upload in S3, from its creation until it is removed. */
export class MultipartUpload {
  readonly #target: UploadTarget
  readonly #scope: UploadScope
  #creation: Promise<CreateMultipartUploadCommandOutput> | undefined
  #startedAt = 0
  #id: string | undefined
  #attempts: RequestAttempts | undefined
  /** Set if S3 may have created an upload whose id never arrived: the reason. */
  #lostResponse: unknown

  constructor(target: UploadTarget, scope: UploadScope) {
    this.#target = target
    this.#scope = scope
  }

  /** Sends one request, however often it is called. */
  create(input: CreateMultipartUploadCommandInput): Promise<CreateMultipartUploadCommandOutput> {
    this.#creation ??= this.#create(input)
    return this.#creation
  }

  async #create(input: CreateMultipartUploadCommandInput): Promise<CreateMultipartUploadCommandOutput> {
    this.#startedAt = Date.now()
    try {
      const output = await this.#scope.s3.createMultipartUpload(input)
      if (hadLostAttempt(output)) {
        this.#lostResponse = new Error('An earlier CreateMultipartUpload got no response.')
      }
      if (!output.UploadId) throw incompleteResponse('CreateMultipartUpload', input, 'UploadId')
      this.#id = output.UploadId
      this.#attempts = attemptsOf(output)
      return output
    } catch (error) {
      if (hadLostAttempt(error)) this.#lostResponse = error
      throw error
    }
  }

  /** The request that created it, for the time at which it did. */
  get attempts(): RequestAttempts | undefined {
    return this.#attempts
  }

  /** Called when the upload has become an object: an earlier attempt may have created another upload. */
  async finish(): Promise<void> {
    if (this.#lostResponse) await this.#removeUnnamed()
  }

  /** Never rejects; reports what it cannot remove. */
  async remove(): Promise<void> {
    await this.#creation?.catch(() => {})
    if (this.#id) await this.#removeParts(this.#id)
    if (this.#lostResponse) await this.#removeUnnamed()
  }

  async #removeParts(uploadId: string): Promise<void> {
    const { bucket, key, params } = this.#target
    const { s3, reportLeftover } = this.#scope
    try {
      await retryCleanup(() =>
        s3.abortMultipartUpload({ Bucket: bucket, Key: key, UploadId: uploadId, ...ownerParams(params) }),
      )
    } catch (cause) {
      reportLeftover({ bucket, key, uploadId, cause })
    }
  }

  /** Under a generated key, every multipart upload is ours. Under another key, it may be another writer's. */
  async #removeUnnamed(): Promise<void> {
    const { bucket, key, unique, params } = this.#target
    const { s3, reportLeftover } = this.#scope
    const since = this.#startedAt - MAX_CLOCK_SKEW_MS
    try {
      const input = { Bucket: bucket, Prefix: key, ...ownerParams(params) }
      for await (const { key: found, uploadId, initiated } of listUploads(s3.listMultipartUploads, input)) {
        if (found !== key || uploadId === this.#id) continue
        if (unique) await this.#removeParts(uploadId)
        else if (initiated.getTime() >= since) {
          reportLeftover({ bucket, key, uploadId, cause: this.#lostResponse })
        }
      }
    } catch (cause) {
      reportLeftover({ bucket, key, cause })
    }
  }
}
