import type { CompletedPart } from '@aws-sdk/client-s3'
import { checksumsOf } from './checksums.ts'
import { MultipartUpload } from './multipart-upload.ts'
import { ObjectCommit } from './object-commit.ts'
import type { Staged, StoredObject, Uploader, UploadScope, UploadTarget } from './uploader.ts'

/**
 * The default uploader. Chunks are copied once, into a part buffer from the pool; a full buffer becomes an S3
 * part while the next one fills. A file that ends inside its first buffer is held and becomes one PutObject.
 */
export const partWriter: Uploader = {
  async stage(bytes, target, scope) {
    const file = new StagedParts(target, scope)
    try {
      await bytes.forEachChunk(chunk => file.write(chunk), scope.signal)
      await file.end()
      return file
    } catch (error) {
      scope.fail(error)
      await file.abort()
      throw error
    }
  },
}

class StagedParts implements Staged {
  readonly #target: UploadTarget
  readonly #scope: UploadScope
  readonly #multipart: MultipartUpload
  readonly #object: ObjectCommit

  /** Where bytes are gathered: the part to come, or at the end the whole of a small file. */
  #buffer: Buffer | undefined
  #filled = 0
  #received = 0
  #confirmed = 0

  readonly #parts: Promise<CompletedPart>[] = []
  #commit: Promise<StoredObject> | undefined
  #abort: Promise<void> | undefined

  constructor(target: UploadTarget, scope: UploadScope) {
    this.#target = target
    this.#scope = scope
    this.#multipart = new MultipartUpload(target, scope)
    this.#object = new ObjectCommit(target, scope)
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
    return Math.min(this.#borrow().length, this.#target.partSize) - this.#filled
  }

  #borrow(): Buffer {
    const { partSize, largestSize } = this.#target
    this.#buffer ??= this.#scope.buffers.lend(Math.min(partSize, largestSize - this.#received))
    return this.#buffer
  }

  #copy(chunk: Buffer): void {
    chunk.copy(this.#borrow(), this.#filled)
    this.#filled += chunk.length
    this.#received += chunk.length
  }

  /** Resolves when the part has a slot and is on its way; the next buffer can be filled meanwhile. */
  async #sendPart(): Promise<void> {
    const { slots, signal, fail } = this.#scope
    const release = await slots.acquire(signal)
    const part = this.#uploadPart(this.#parts.length + 1, this.#takeBody()).finally(release)
    part.catch(fail)
    this.#parts.push(part)
  }

  #takeBody(): Buffer {
    const body = this.#buffer?.subarray(0, this.#filled) ?? Buffer.alloc(0)
    this.#buffer = undefined
    this.#filled = 0
    return body
  }

  async #uploadPart(number: number, body: Buffer): Promise<CompletedPart> {
    const { bucket, key, params } = this.#target
    const { s3, signal } = this.#scope
    const { UploadId } = await this.#createUpload()
    const answer = await s3.uploadPart(
      { ...params, Bucket: bucket, Key: key, UploadId, PartNumber: number, Body: body },
      signal,
    )
    this.#settle(body, answer.$metadata.attempts)
    return { PartNumber: number, ETag: answer.ETag, ...checksumsOf(answer) }
  }

  async #createUpload() {
    const { bucket, key, params } = this.#target
    const ChecksumAlgorithm = params.ChecksumAlgorithm ?? (await this.#defaultChecksum())
    return this.#multipart.create({ ...params, ChecksumAlgorithm, Bucket: bucket, Key: key })
  }

  /** The SDK gives parts a CRC32 of its own accord; S3 takes it only if the upload was created with it. */
  async #defaultChecksum(): Promise<'CRC32' | undefined> {
    const calculation = await this.#scope.client.config.requestChecksumCalculation?.()
    return calculation === 'WHEN_SUPPORTED' ? 'CRC32' : undefined
  }

  /** After a retry the socket of the first attempt may still be reading the buffer, so that one is not lent again. */
  #settle(body: Buffer, attempts: number | undefined): void {
    if (attempts === 1) this.#scope.buffers.giveBack(body)
    this.#confirmed += body.length
    this.#scope.onStored(body.length)
  }

  /** Resolves when every S3 part is confirmed. */
  async end(): Promise<void> {
    if (this.#parts.length === 0) return this.#shrink()
    await this.#sendPart()
    await Promise.all(this.#parts)
  }

  /** A small file that is held must not keep the buffer of a large part from the others. */
  #shrink(): void {
    if (this.#buffer) this.#buffer = this.#scope.buffers.shrink(this.#buffer, this.#filled)
  }

  commit(): Promise<StoredObject> {
    this.#commit = this.#makeVisible()
    return this.#commit
  }

  async #makeVisible(): Promise<StoredObject> {
    const answer = this.#parts.length > 0 ? await this.#complete() : await this.#put()
    await this.#multipart.finish()
    return this.#object.describe(answer, this.#confirmed)
  }

  async #put() {
    const { bucket, key, params, ifNoneMatch } = this.#target
    const body = this.#takeBody()
    const answer = await this.#object.put({
      ...params,
      Bucket: bucket,
      Key: key,
      Body: body,
      IfNoneMatch: ifNoneMatch,
    })
    this.#settle(body, answer.$metadata.attempts)
    return answer
  }

  async #complete() {
    const { bucket, key, params, ifNoneMatch } = this.#target
    const { UploadId } = await this.#createUpload()
    const MultipartUpload = { Parts: await Promise.all(this.#parts) }
    const name = { Bucket: bucket, Key: key, UploadId }
    return this.#object.complete({ ...params, ...name, MultipartUpload, IfNoneMatch: ifNoneMatch })
  }

  abort(): Promise<void> {
    this.#abort ??= this.#remove()
    return this.#abort
  }

  async #remove(): Promise<void> {
    await Promise.allSettled(this.#parts)
    if (this.#buffer) this.#scope.buffers.giveBack(this.#buffer)
    this.#buffer = undefined
    await this.#commit?.catch(() => {})
    // Before the object is looked for: parts that are still there cannot become one afterwards.
    if (!this.#object.isStored) await this.#multipart.remove()
    await this.#object.undo()
  }
}
