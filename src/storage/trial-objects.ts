import type {
  CompletedPart,
  CompleteMultipartUploadCommandInput,
  DeleteObjectCommandInput,
  PutObjectCommandInput,
} from '@aws-sdk/client-s3'
import { checksumsOf } from '../s3/checksum-fields.ts'
import { listUploads } from '../s3/list-uploads.ts'
import type { S3Requests } from '../s3/operations.ts'
import { hadLostAttempt } from '../s3/request-attempts.ts'
import { statusOf } from '../s3/s3-errors.ts'
import type { Leftover } from '../shared/errors.ts'
import type { ObjectParams } from '../shared/types.ts'
import { ownerParams, retryCleanup } from './cleanup.ts'

/** A store that never reports an object as removed must not keep us busy. */
const MAX_VERSIONS = 10

/** Everything that was or may have been created under one key. */
interface Traces {
  versions: Set<string | undefined>
  uploadIds: Set<string>
  /** Set if a response was lost: an object, or an upload, may exist that is not known. */
  lostObject?: unknown
  lostUpload?: unknown
}

/**
 * Creates objects and multipart uploads to try what a store can do, and removes all of them. Keys must be generated, so
 * that everything under them is ours.
 */
export class TrialObjects {
  readonly #s3: S3Requests
  readonly #bucket: string
  readonly #params: ObjectParams
  readonly #traces = new Map<string, Traces>()

  constructor(s3: S3Requests, bucket: string, params: ObjectParams) {
    this.#s3 = s3
    this.#bucket = bucket
    this.#params = params
  }

  async put(key: string, Body: Buffer, conditions: Pick<PutObjectCommandInput, 'IfNoneMatch'> = {}) {
    return this.#creating(key, () => this.#s3.putObject({ Body, ...this.#objectInput(key), ...conditions }))
  }

  async createUpload(key: string): Promise<string> {
    const { checksum } = await this.#s3.decidePayload(this.#params)
    const traces = this.#tracesOf(key)
    try {
      const output = await this.#s3.createMultipartUpload({
        ChecksumAlgorithm: checksum,
        ...this.#objectInput(key),
      })
      if (!output.UploadId) throw new Error('The response has no UploadId.')
      traces.uploadIds.add(output.UploadId)
      if (hadLostAttempt(output)) traces.lostUpload = new Error('A response was lost.')
      return output.UploadId
    } catch (error) {
      if (hadLostAttempt(error)) traces.lostUpload = error
      throw error
    }
  }

  async uploadPart(key: string, UploadId: string, Body: Buffer): Promise<CompletedPart> {
    const input = { Body, ...this.#objectInput(key), UploadId, PartNumber: 1 }
    const output = await this.#s3.uploadPart(input, new AbortController().signal)
    return { PartNumber: 1, ETag: output.ETag, ...checksumsOf(output) }
  }

  async complete(
    key: string,
    UploadId: string,
    part: CompletedPart,
    conditions: Pick<CompleteMultipartUploadCommandInput, 'IfNoneMatch'> = {},
  ) {
    const input = { ...this.#objectInput(key), UploadId, MultipartUpload: { Parts: [part] }, ...conditions }
    const output = await this.#creating(key, () => this.#s3.completeMultipartUpload(input))
    this.#tracesOf(key).uploadIds.delete(UploadId)
    return output
  }

  async abortUpload(key: string, UploadId: string): Promise<void> {
    await this.#s3.abortMultipartUpload({ ...this.#nameOf(key), UploadId })
    this.#tracesOf(key).uploadIds.delete(UploadId)
  }

  async listUploads(key: string): Promise<string[]> {
    const { Key: Prefix, ...bucket } = this.#nameOf(key)
    const ids: string[] = []
    for await (const upload of listUploads(this.#s3.listMultipartUploads, { ...bucket, Prefix })) {
      if (upload.key === key) ids.push(upload.uploadId)
    }
    return ids
  }

  /** Parameters of GetObject and HeadObject. */
  readInput(key: string, VersionId?: string) {
    // https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html
    const { SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5 } = this.#params
    return { SSECustomerAlgorithm, SSECustomerKey, SSECustomerKeyMD5, ...this.#nameOf(key), VersionId }
  }

  /** Removes one version. Removes also the delete marker that this creates where a version has no id. */
  async remove(key: string, versionId: string | undefined): Promise<void> {
    const { versions } = this.#tracesOf(key)
    await this.delete(key, { VersionId: versionId })
    versions.delete(versionId)
    for (const marker of versions) await this.#deleteVersion(key, marker)
  }

  /** Sends DeleteObject. Without a VersionId, it only hides the object in a bucket with versioning. */
  async delete(key: string, input: Pick<DeleteObjectCommandInput, 'VersionId' | 'IfMatch'>): Promise<void> {
    const output = await this.#s3.deleteObject({ ...this.#nameOf(key), ...input })
    if (!output.DeleteMarker || input.VersionId !== undefined) return
    const traces = this.#tracesOf(key)
    traces.versions.add(output.VersionId)
    traces.lostObject ??= new Error('The store told no version of an object that has versions.')
  }

  /** Returns the size of the object in bytes. `hidden` if the credentials must not know. */
  async sizeOf(key: string, versionId?: string): Promise<number | 'none' | 'hidden'> {
    try {
      const { ContentLength = 0 } = await this.#s3.headObject(this.readInput(key, versionId))
      return ContentLength
    } catch (error) {
      if (statusOf(error) === 404) return 'none'
      if (statusOf(error) === 403) return 'hidden'
      throw error
    }
  }

  /** Removes everything. Never rejects: returns what it could not remove, and what may exist. */
  async removeAll(): Promise<Leftover[]> {
    const leftovers: Leftover[] = []
    const bucket = this.#bucket
    for (const [key, traces] of this.#traces) {
      for (const uploadId of traces.uploadIds) {
        await attempt(
          () => this.abortUpload(key, uploadId),
          cause => leftovers.push({ bucket, key, uploadId, cause }),
        )
      }
      if (traces.lostUpload !== undefined) {
        await attempt(
          () => this.#abortUnknown(key),
          cause => leftovers.push({ bucket, key, cause }),
        )
      }
      await this.#removeVersions(key, traces, leftovers)
    }
    return leftovers
  }

  async #removeVersions(key: string, traces: Traces, leftovers: Leftover[]): Promise<void> {
    const bucket = this.#bucket
    // A version that is removed can add the delete marker that it left to the set.
    for (const versionId of traces.versions) {
      await attempt(
        () => this.#deleteVersion(key, versionId),
        cause => leftovers.push({ bucket, key, ...(versionId && { versionId }), cause }),
      )
    }
    if (traces.lostObject === undefined) return
    await attempt(
      () => this.#removeUnknown(key, traces.lostObject),
      cause => leftovers.push({ bucket, key, cause }),
    )
  }

  async #deleteVersion(key: string, versionId: string | undefined): Promise<void> {
    await this.delete(key, { VersionId: versionId })
    this.#tracesOf(key).versions.delete(versionId)
  }

  async #abortUnknown(key: string): Promise<void> {
    for (const uploadId of await this.listUploads(key)) await this.abortUpload(key, uploadId)
  }

  /** Each lost attempt may have created a version of its own. HeadObject shows one after the other. */
  async #removeUnknown(key: string, reason: unknown): Promise<void> {
    for (let removed = 0; removed < MAX_VERSIONS; removed++) {
      try {
        const { VersionId } = await this.#s3.headObject(this.readInput(key))
        await this.remove(key, VersionId)
      } catch (error) {
        if (statusOf(error) === 404) return
        throw error
      }
    }
    throw reason
  }

  async #creating<Output extends { VersionId?: string | undefined }>(
    key: string,
    send: () => Promise<Output>,
  ): Promise<Output> {
    const traces = this.#tracesOf(key)
    try {
      const output = await send()
      traces.versions.add(output.VersionId)
      if (hadLostAttempt(output)) traces.lostObject = new Error('A response was lost.')
      return output
    } catch (error) {
      if (hadLostAttempt(error)) traces.lostObject = error
      throw error
    }
  }

  #tracesOf(key: string): Traces {
    const traces = this.#traces.get(key) ?? { versions: new Set(), uploadIds: new Set() }
    this.#traces.set(key, traces)
    return traces
  }

  #nameOf(key: string) {
    return { Bucket: this.#bucket, Key: key, ...ownerParams(this.#params) }
  }

  #objectInput(key: string) {
    return { ...this.#params, Bucket: this.#bucket, Key: key }
  }
}

async function attempt(task: () => Promise<void>, onFailure: (cause: unknown) => void): Promise<void> {
  try {
    await retryCleanup(task)
  } catch (cause) {
    onFailure(cause)
  }
}
