import type { CompletedPart } from '@aws-sdk/client-s3'
import type { Loan } from '../memory/memory-budget.ts'
import { BodyDigest, type Digests } from '../s3/body-digest.ts'
import { checksumsOf } from '../s3/checksum-fields.ts'
import type { Payload } from '../s3/payload.ts'
import { MultipartUpload } from './multipart-upload.ts'
import { ObjectCommit } from './object-commit.ts'
import type { Staged, StoredObject, Uploader, UploadScope, UploadTarget } from './uploader.ts'

/**
 * The default uploader. Chunks are copied once, into a part buffer lent by the memory budget; a full buffer becomes
 * an S3 part while the next one fills. A file that ends inside its first buffer is held and becomes one PutObject.
 */
export const partWriter: Uploader = {
  async stage(bytes, target, scope) {
    const file = new StagedParts(target, scope)
    try {
      await file.begin()
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
  #payload: Payload = { checksum: undefined, signed: false }

  /** Where bytes are gathered: the part to come, or at the end the whole of a small file. */
  #loan: Loan | undefined
  #filled = 0
  #digest: BodyDigest | undefined
  #received = 0
  #confirmed = 0

  readonly #parts: Promise<CompletedPart>[] = []
  /** Of a small file that could not be held until the commit. */
  #early: Promise<void> | undefined
  #commit: Promise<StoredObject> | undefined
  #abort: Promise<void> | undefined

  constructor(target: UploadTarget, scope: UploadScope) {
    this.#target = target
    this.#scope = scope
    this.#multipart = new MultipartUpload(target, scope)
    this.#object = new ObjectCommit(target, scope)
  }

  async begin(): Promise<void> {
    this.#payload = await this.#scope.s3.decidePayload(this.#target.params)
  }

  write(chunk: Buffer): void | Promise<void> {
    this.#loan ??= this.#scope.memory.tryBorrow(this.#needed())
    if (chunk.length > this.#room()) return this.#writeAcross(chunk)
    this.#copy(chunk)
  }

  /** A full buffer is sent only when there is more, so that no file ends with an empty S3 part. */
  async #writeAcross(chunk: Buffer): Promise<void> {
    let rest = chunk
    while (rest.length > 0) {
      if (this.#loan && this.#room() === 0) await this.#sendPart()
      this.#loan ??= this.#scope.memory.tryBorrow(this.#needed())
      if (this.#loan === undefined) await this.#borrow()
      const fitting = rest.subarray(0, this.#room())
      this.#copy(fitting)
      rest = rest.subarray(fitting.length)
    }
  }

  #needed(): number {
    const { partSize, largestSize } = this.#target
    return Math.min(partSize, largestSize - this.#received)
  }

  async #borrow(): Promise<void> {
    // Buffers are short: none is to lie filled beside the first one, and wait for the upload to be created.
    if (this.#parts.length > 0) await this.#createUpload()
    const loan = await this.#scope.memory.borrow(this.#needed())
    this.#loan = loan
    // Lent in the moment in which the upload failed: abort() may have looked for it already.
    if (this.#scope.signal.aborted) this.#returnLoan()
    this.#scope.signal.throwIfAborted()
  }

  #returnLoan(): void {
    this.#loan?.release()
    this.#loan = undefined
  }

  #room(): number {
    return this.#loan ? Math.min(this.#loan.buffer.length, this.#target.partSize) - this.#filled : 0
  }

  #copy(chunk: Buffer): void {
    chunk.copy((this.#loan as Loan).buffer, this.#filled)
    this.#digest ??= new BodyDigest(this.#payload)
    this.#digest.update(chunk)
    this.#filled += chunk.length
    this.#received += chunk.length
  }

  /** Resolves when the part has a slot and is on its way; the next buffer can be filled meanwhile. */
  async #sendPart(): Promise<void> {
    const { permits, signal, fail } = this.#scope
    const release = await permits.acquire(signal)
    // Granted in the moment in which the upload failed: abort() may have waited for the parts already.
    if (signal.aborted) release()
    signal.throwIfAborted()
    const part = this.#uploadPart(this.#parts.length + 1, this.#takeBody()).finally(release)
    part.catch(fail)
    this.#parts.push(part)
  }

  #takeBody(): Body {
    const loan = this.#loan
    const bytes = loan?.buffer.subarray(0, this.#filled) ?? Buffer.alloc(0)
    const digest = this.#digest ?? new BodyDigest(this.#payload)
    this.#loan = undefined
    this.#filled = 0
    this.#digest = undefined
    return { bytes, loan, digests: digest.end() }
  }

  async #uploadPart(number: number, body: Body): Promise<CompletedPart> {
    const { bucket, key, params } = this.#target
    const { s3, signal } = this.#scope
    const answer = await this.#send(body, async (Body, digests) => {
      const { UploadId } = await this.#createUpload()
      const part = { Bucket: bucket, Key: key, UploadId, PartNumber: number, Body }
      return s3.uploadPart({ ...params, ...part }, signal, digests)
    })
    return { PartNumber: number, ETag: answer.ETag, ...checksumsOf(answer) }
  }

  /**
   * Ends the loan of a body with the request that carries it. Only one that S3 took at the first attempt is lent
   * again: a socket may still be reading the others.
   */
  async #send<Answer extends { $metadata: { attempts?: number | undefined } }>(
    { bytes, loan, digests }: Body,
    send: (bytes: Buffer, digests: Digests) => Promise<Answer>,
  ): Promise<Answer> {
    try {
      const answer = await send(bytes, digests)
      if (answer.$metadata.attempts === 1) loan?.release()
      this.#confirmed += bytes.length
      this.#scope.onStored(bytes.length)
      return answer
    } finally {
      loan?.drop()
    }
  }

  #createUpload() {
    const { bucket, key, params } = this.#target
    // S3 takes checksums of parts only if the upload was created with them.
    const ChecksumAlgorithm = this.#payload.checksum
    return this.#multipart.create({ ...params, ChecksumAlgorithm, Bucket: bucket, Key: key })
  }

  /** Resolves when every S3 part is confirmed. */
  async end(): Promise<void> {
    if (this.#parts.length === 0) return this.#hold()
    await this.#sendPart()
    await Promise.all(this.#parts)
  }

  /** A small file that is held keeps only what it needs from the others. */
  #hold(): void {
    if (this.#loan === undefined) return
    this.#loan.shrink(this.#filled)
    this.#scope.memory.hold(this.#loan.buffer.length, () => {
      this.#early = this.#sendPart()
      this.#early.catch(this.#scope.fail)
    })
  }

  commit(): Promise<StoredObject> {
    this.#commit = this.#makeVisible()
    return this.#commit
  }

  async #makeVisible(): Promise<StoredObject> {
    await this.#early
    const answer = this.#parts.length > 0 ? await this.#complete() : await this.#put()
    await this.#multipart.finish()
    return this.#object.describe(answer, this.#confirmed)
  }

  async #put() {
    const { bucket, key, params, ifNoneMatch } = this.#target
    return this.#send(this.#takeBody(), (Body, digests) =>
      this.#object.put({ Bucket: bucket, Key: key, Body, IfNoneMatch: ifNoneMatch, ...params }, digests),
    )
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
    this.#returnLoan()
    await this.#commit?.catch(() => {})
    // Before the object is looked for: parts that are still there cannot become one afterwards.
    if (!this.#object.isStored) await this.#multipart.remove()
    await this.#object.undo()
  }
}

/** What one request carries, and the loan that it lies in; an empty file has none. */
interface Body {
  bytes: Buffer
  loan: Loan | undefined
  digests: Digests
}
