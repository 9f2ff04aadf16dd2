import type { CommitOutput } from './commit-outcome.ts'
import { deferred } from './deferred.ts'
import { MultipartUpload } from './multipart-upload.ts'
import { ObjectCommit } from './object-commit.ts'
import type { ByteSource, StagedObject, StoredObject, UploadScope, UploadTarget } from './uploader.ts'

/** What both uploaders of this package have in common: one commit, one cleanup, and their order. */
export abstract class StagedS3Object implements StagedObject {
  protected readonly target: UploadTarget
  protected readonly scope: UploadScope
  protected readonly multipart: MultipartUpload
  protected readonly object: ObjectCommit
  readonly #failure = deferred()
  #confirmedBytes = 0
  #commit: Promise<StoredObject> | undefined
  #abort: Promise<void> | undefined

  constructor(target: UploadTarget, scope: UploadScope) {
    this.target = target
    this.scope = scope
    this.multipart = new MultipartUpload(target, scope)
    this.object = new ObjectCommit(target, scope)
  }

  /** Reads every byte. Resolves when everything is in S3 except the request that makes the object visible. */
  protected abstract read(bytes: ByteSource): Promise<void>

  /** Sends the request that makes the object visible. */
  protected abstract makeVisible(): Promise<CommitOutput>

  /** Resolves when every request of `read()` has ended and no other one can start. */
  protected abstract stop(): Promise<void>

  async stage(bytes: ByteSource): Promise<void> {
    this.scope.signal.throwIfAborted()
    await Promise.race([this.read(bytes), this.#failure.promise])
  }

  /** Rejects `stage()` at once, although `read()` may be waiting for the client. */
  protected fail(error: unknown): void {
    this.#failure.reject(error)
  }

  /** Bytes that S3 has confirmed. */
  protected get confirmedBytes(): number {
    return this.#confirmedBytes
  }

  protected confirm(bytes: number): void {
    this.#confirmedBytes += bytes
    this.scope.onStored(bytes)
  }

  commit(): Promise<StoredObject> {
    this.#commit = this.#store()
    return this.#commit
  }

  async #store(): Promise<StoredObject> {
    const output = await this.makeVisible()
    await (this.object.isConfirmed ? this.multipart.finish() : this.multipart.remove())
    return this.object.describe(output, this.#confirmedBytes)
  }

  abort(): Promise<void> {
    this.#abort ??= this.#remove()
    return this.#abort
  }

  async #remove(): Promise<void> {
    this.fail(this.scope.signal.reason)
    this.object.releasePermit()
    await this.stop()
    await this.#commit?.catch(() => {})
    // Before the check for an object: S3 parts that have been removed can no longer become one.
    if (!this.object.isConfirmed) await this.multipart.remove()
    await this.object.undo()
  }
}
