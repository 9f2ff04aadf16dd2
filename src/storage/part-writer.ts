import type { CompletedPart } from '@aws-sdk/client-s3'
import { checksumsOf } from '../s3/checksum-fields.ts'
import { incompleteResponse } from '../shared/upload-errors.ts'
import { type PartBody, PartBuffer, sendBody } from './part-buffer.ts'
import { StagedS3Object } from './staged-object.ts'
import type { ByteSource, Uploader, UploadScope, UploadTarget } from './uploader.ts'

/**
 * The default uploader. It copies each chunk once, into a part buffer lent by the memory budget. A full buffer becomes
 * an S3 part while the next one fills. A file that ends inside its first buffer is held and becomes one PutObject.
 */
export const partWriter: Uploader = {
  open: (target, scope) => new StagedParts(target, scope),
}

class StagedParts extends StagedS3Object {
  readonly #buffer: PartBuffer
  readonly #parts: Promise<CompletedPart>[] = []
  #receivedBytes = 0
  /** Set for a small file that could not be held until the commit. */
  #early: Promise<void> | undefined

  constructor(target: UploadTarget, scope: UploadScope) {
    super(target, scope)
    this.#buffer = new PartBuffer(target.partSize)
  }

  protected async read(bytes: ByteSource): Promise<void> {
    const { s3, signal } = this.scope
    this.#buffer.payload = await s3.decidePayload(this.target.params)
    await bytes.forEachChunk(chunk => this.#write(chunk), signal)
    if (this.#parts.length > 0) await this.#sendRest()
    else this.#hold()
  }

  #write(chunk: Buffer): void | Promise<void> {
    if (!this.#buffer.isLent) this.#tryBorrow()
    if (chunk.length > this.#buffer.room) return this.#writeAcross(chunk)
    this.#append(chunk)
  }

  /** Sends a full buffer only when there are more bytes, so that no file ends with an empty S3 part. */
  async #writeAcross(chunk: Buffer): Promise<void> {
    let rest = chunk
    while (rest.length > 0) {
      if (this.#buffer.isLent && this.#buffer.room === 0) await this.#sendPart()
      if (!this.#buffer.isLent) await this.#borrow()
      // abort() may have released the buffer while we waited.
      this.scope.signal.throwIfAborted()
      const fitting = rest.subarray(0, this.#buffer.room)
      this.#append(fitting)
      rest = rest.subarray(fitting.length)
    }
  }

  #append(chunk: Buffer): void {
    this.#buffer.append(chunk)
    this.#receivedBytes += chunk.length
  }

  #neededBytes(): number {
    const { partSize, largestSize } = this.target
    return Math.min(partSize, largestSize - this.#receivedBytes)
  }

  #tryBorrow(): void {
    const loan = this.scope.memory.tryBorrow(this.#neededBytes())
    if (loan) this.#buffer.use(loan)
  }

  async #borrow(): Promise<void> {
    const { memory, signal } = this.scope
    signal.throwIfAborted()
    this.#tryBorrow()
    if (this.#buffer.isLent) return
    // Memory is short: no second buffer may lie full and wait for the multipart upload to be created.
    if (this.#parts.length > 0) await this.#createUpload()
    const loan = await memory.borrow(this.#neededBytes())
    // The upload can fail between the loan and this line, and abort() has no loan to release then.
    if (signal.aborted) loan.release()
    signal.throwIfAborted()
    this.#buffer.use(loan)
  }

  /** Resolves when the request has its permit and starts; the next buffer can fill meanwhile. */
  async #sendPart(): Promise<void> {
    const { permits, signal } = this.scope
    const release = await permits.acquire(signal)
    // The upload can fail between the grant and this line, and abort() has no part to wait for then.
    if (signal.aborted) release()
    signal.throwIfAborted()
    const part = this.#uploadPart(this.#parts.length + 1, this.#buffer.take()).finally(release)
    part.catch(error => this.fail(error))
    this.#parts.push(part)
  }

  async #uploadPart(number: number, body: PartBody): Promise<CompletedPart> {
    const { bucket, key, params } = this.target
    const { s3, signal } = this.scope
    const output = await sendBody(body, async (Body, digests) => {
      const { UploadId } = await this.#createUpload()
      const part = { Bucket: bucket, Key: key, UploadId, PartNumber: number, Body }
      return s3.uploadPart({ ...params, ...part }, signal, digests)
    })
    if (!output.ETag) throw incompleteResponse('UploadPart', { Bucket: bucket, Key: key }, 'ETag')
    this.confirm(body.bytes.length)
    return { PartNumber: number, ETag: output.ETag, ...checksumsOf(output) }
  }

  #createUpload() {
    const { bucket, key, params } = this.target
    // S3 accepts checksums of parts only if the multipart upload was created with their algorithm.
    const ChecksumAlgorithm = this.#buffer.payload.checksum
    return this.multipart.create({ ...params, ChecksumAlgorithm, Bucket: bucket, Key: key })
  }

  /** Resolves when S3 has confirmed every part. */
  async #sendRest(): Promise<void> {
    await this.#sendPart()
    await Promise.all(this.#parts)
  }

  #hold(): void {
    if (!this.#buffer.isLent) return
    this.scope.memory.hold(this.#buffer.shrink(), () => this.#sendEarly())
  }

  #sendEarly(): Promise<void> {
    this.#early = this.#sendRest()
    return this.#early
  }

  protected async makeVisible() {
    await this.#early
    return this.#parts.length > 0 ? this.#complete() : this.#put()
  }

  async #put() {
    const { bucket, key, params, ifNoneMatch } = this.target
    const body = this.#buffer.take()
    const output = await sendBody(body, (Body, digests) =>
      this.object.put({ Bucket: bucket, Key: key, Body, IfNoneMatch: ifNoneMatch, ...params }, digests),
    )
    this.confirm(body.bytes.length)
    return output
  }

  async #complete() {
    const { bucket, key, params, ifNoneMatch } = this.target
    const { UploadId } = await this.#createUpload()
    const MultipartUpload = { Parts: await Promise.all(this.#parts) }
    const name = { Bucket: bucket, Key: key, UploadId }
    const input = { ...params, ...name, MultipartUpload, IfNoneMatch: ifNoneMatch }
    return this.object.complete(input, this.#receivedBytes, this.multipart.attempts)
  }

  protected async stop(): Promise<void> {
    await Promise.allSettled(this.#parts)
    this.#buffer.release()
  }
}
