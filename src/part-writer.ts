import type { CompletedPart } from '@aws-sdk/client-s3'
import { followSignal } from './follow-signal.ts'
import { describeObject, removeObject, removeParts } from './stored-object.ts'
import type { Staged, StoredObject, Uploader, UploadScope, UploadTarget } from './uploader.ts'

/**
 * The default uploader. Chunks are copied once, into a part buffer from the pool; a full buffer becomes an S3
 * part while the next one fills. A file that ends inside its first buffer is held and becomes one PutObject.
 */
export const partWriter: Uploader = {
  async stage(bytes, target, scope) {
    const file = new StagedParts(target, scope)
    try {
      await bytes.forEachChunk(chunk => file.write(chunk), file.signal)
      await file.end()
      return file
    } catch (error) {
      await file.abort()
      throw error
    }
  },
}

class StagedParts implements Staged {
  readonly #target: UploadTarget
  readonly #scope: UploadScope
  /** Ends this file's S3 parts: with the request, or with the first part that fails. */
  readonly #stop: AbortController

  #size = 0
  /** Where bytes are gathered: the part to come, or at the end the whole of a small file. */
  #buffer: Buffer | undefined
  #filled = 0

  #uploadId: Promise<string> | undefined
  readonly #parts: Promise<CompletedPart>[] = []

  #commit: Promise<StoredObject> | undefined
  #abort: Promise<void> | undefined
  #stored: { versionId?: string } | undefined

  constructor(target: UploadTarget, scope: UploadScope) {
    this.#target = target
    this.#scope = scope
    this.#stop = followSignal(scope.signal)
  }

  get signal(): AbortSignal {
    return this.#stop.signal
  }

  write(chunk: Buffer): void | Promise<void> {
    if (chunk.length > this.#room()) return this.#writeAcross(chunk)
    this.#copy(chunk)
  }

  /** A full buffer is sent only when there is more, so that no file ends with an empty S3 part. */
  async #writeAcross(chunk: Buffer): Promise<void> {
    let rest = chunk
    while (rest.length > 0) {
      if (this.#room() === 0) await this.#sendPart()
      const fitting = rest.subarray(0, this.#room())
      this.#copy(fitting)
      rest = rest.subarray(fitting.length)
    }
  }

  #room(): number {
    const { partSize, largestSize } = this.#target
    this.#buffer ??= this.#scope.buffers.lend(Math.min(partSize, largestSize - this.#size))
    return Math.min(this.#buffer.length, partSize) - this.#filled
  }

  #copy(chunk: Buffer): void {
    if (this.#buffer) chunk.copy(this.#buffer, this.#filled)
    this.#filled += chunk.length
    this.#size += chunk.length
  }

  /** Resolves when the part has a slot and is on its way; the next buffer can be filled meanwhile. */
  async #sendPart(): Promise<void> {
    const release = await this.#scope.slots.acquire(this.signal)
    const part = this.#uploadPart(this.#parts.length + 1, this.#takeBody()).finally(release)
    part.catch(error => this.#stop.abort(error))
    this.#parts.push(part)
  }

  #takeBody(): Buffer {
    const body = this.#buffer?.subarray(0, this.#filled) ?? Buffer.alloc(0)
    this.#buffer = undefined
    this.#filled = 0
    return body
  }

  async #uploadPart(number: number, body: Buffer): Promise<CompletedPart> {
    this.#uploadId ??= this.#createUpload()
    const { bucket, key, params } = this.#target
    const answer = await this.#scope.s3.uploadPart(
      {
        ...params,
        Bucket: bucket,
        Key: key,
        UploadId: await this.#uploadId,
        PartNumber: number,
        Body: body,
      },
      this.signal,
    )
    this.#settle(body, answer.$metadata.attempts)
    return {
      PartNumber: number,
      ETag: answer.ETag,
      ChecksumCRC32: answer.ChecksumCRC32,
      ChecksumCRC32C: answer.ChecksumCRC32C,
      ChecksumCRC64NVME: answer.ChecksumCRC64NVME,
      ChecksumSHA1: answer.ChecksumSHA1,
      ChecksumSHA256: answer.ChecksumSHA256,
    }
  }

  async #createUpload(): Promise<string> {
    const { bucket, key, params } = this.#target
    const { UploadId } = await this.#scope.s3.createMultipartUpload({
      ...params,
      ChecksumAlgorithm: params.ChecksumAlgorithm ?? (await this.#defaultChecksum()),
      Bucket: bucket,
      Key: key,
    })
    return UploadId as string
  }

  /** The SDK gives parts a CRC32 of its own accord; S3 takes it only if the upload was created with it. */
  async #defaultChecksum(): Promise<'CRC32' | undefined> {
    const calculation = await this.#scope.client.config.requestChecksumCalculation?.()
    return calculation === 'WHEN_SUPPORTED' ? 'CRC32' : undefined
  }

  /** After a retry the socket of the first attempt may still be reading the buffer, so that one is not lent again. */
  #settle(body: Buffer, attempts: number | undefined): void {
    if (attempts === 1) this.#scope.buffers.giveBack(body)
    this.#scope.onStored(body.length)
  }

  /** Resolves when every S3 part is confirmed. */
  async end(): Promise<void> {
    if (this.#uploadId === undefined) return this.#shrink()
    await this.#sendPart()
    await Promise.all(this.#parts)
  }

  /** A small file that is held must not keep the buffer of a large part from the others. */
  #shrink(): void {
    const { buffers } = this.#scope
    const large = this.#buffer
    if (large === undefined || large.length <= 2 * this.#filled) return
    const small = buffers.lend(this.#filled)
    if (small.length < large.length) {
      large.copy(small, 0, 0, this.#filled)
      this.#buffer = small
    }
    buffers.giveBack(small.length < large.length ? large : small)
  }

  commit(): Promise<StoredObject> {
    this.#commit ??= this.#scope.slots.run(
      () => (this.#uploadId ? this.#complete(this.#uploadId) : this.#put()),
      this.signal,
    )
    return this.#commit
  }

  async #put(): Promise<StoredObject> {
    const { bucket, key, params } = this.#target
    const body = this.#takeBody()
    const answer = await this.#scope.s3.putObject({ ...params, Bucket: bucket, Key: key, Body: body })
    this.#stored = { versionId: answer.VersionId }
    this.#settle(body, answer.$metadata.attempts)
    return describeObject(answer, body.length, this.#target, this.#scope)
  }

  async #complete(uploadId: Promise<string>): Promise<StoredObject> {
    const { bucket, key, params } = this.#target
    const answer = await this.#scope.s3.completeMultipartUpload({
      ...params,
      Bucket: bucket,
      Key: key,
      UploadId: await uploadId,
      MultipartUpload: { Parts: await Promise.all(this.#parts) },
    })
    this.#stored = { versionId: answer.VersionId }
    return describeObject(answer, this.#size, this.#target, this.#scope)
  }

  abort(): Promise<void> {
    this.#abort ??= this.#remove()
    return this.#abort
  }

  async #remove(): Promise<void> {
    this.#stop.abort()
    await Promise.allSettled([...this.#parts, this.#commit])
    if (this.#buffer) this.#scope.buffers.giveBack(this.#buffer)
    this.#buffer = undefined
    if (this.#stored) return removeObject(this.#stored.versionId, this.#target, this.#scope)
    const uploadId = await this.#uploadId?.catch(() => undefined)
    if (uploadId) await removeParts(uploadId, this.#target, this.#scope)
  }
}
