import { Readable } from 'node:stream'
import type {
  CompleteMultipartUploadCommandInput,
  CreateMultipartUploadCommandInput,
  PutObjectCommandInput,
  PutObjectCommandOutput,
  S3Client,
  UploadPartCommandInput,
} from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import { followSignal } from './follow-signal.ts'
import { describeObject, removeObject, removeParts } from './stored-object.ts'
import type { ByteSource, Staged, StoredObject, Uploader, UploadScope, UploadTarget } from './uploader.ts'

export interface LibStorageOptions {
  /** S3 parts that one file has in flight at once. @default the upload's `concurrency` */
  queueSize?: number
}

/**
 * Stores through `Upload` of `@aws-sdk/lib-storage` (an optional peer dependency, to be installed beside this
 * package) instead of the library's own part writer. What is stored is the same; it takes more memory.
 */
export function libStorage({ queueSize }: LibStorageOptions = {}): Uploader {
  if (queueSize !== undefined && !(Number.isInteger(queueSize) && queueSize > 0)) {
    throw new TypeError(`queueSize must be a whole number above 0; it is ${queueSize}.`)
  }
  return {
    async stage(bytes, target, scope) {
      const file = new StagedUpload(target, scope)
      await file.stage(bytes, queueSize ?? scope.concurrency)
      return file
    },
  }
}

type UploadInput =
  | PutObjectCommandInput
  | CreateMultipartUploadCommandInput
  | UploadPartCommandInput
  | CompleteMultipartUploadCommandInput

/**
 * `Upload` reads `config` and `send` of its client and nothing else, so it is given an object of ours with these
 * two: every command passes through here. The one that would make the object visible waits for `commit()`.
 */
class StagedUpload implements Staged {
  readonly #target: UploadTarget
  readonly #scope: UploadScope
  /** Ends this file's S3 parts. `Upload.abort()` is not used: it returns before anything is cleaned up. */
  readonly #stop: AbortController
  readonly #staged = deferred()
  readonly #gate = deferred()

  #upload: Promise<PutObjectCommandOutput> | undefined
  #size = 0
  #uploadId: string | undefined
  #stored: { versionId?: string } | undefined
  #abort: Promise<void> | undefined

  constructor(target: UploadTarget, scope: UploadScope) {
    this.#target = target
    this.#scope = scope
    this.#stop = followSignal(scope.signal)
  }

  async stage(bytes: ByteSource, queueSize: number): Promise<void> {
    const { bucket, key, params, partSize } = this.#target
    const send = (command: { input: UploadInput }) => this.#send(command.input)
    const upload = new Upload({
      client: { config: this.#scope.client.config, send } as unknown as S3Client,
      params: { ...params, Bucket: bucket, Key: key, Body: this.#readable(bytes) },
      partSize,
      queueSize,
      // Its own cleanup, when it fails, hides the first error. Ours is abort().
      leavePartsOnError: true,
    })
    this.#upload = upload.done() as Promise<PutObjectCommandOutput>
    try {
      await Promise.race([this.#staged.promise, this.#upload])
    } catch (error) {
      const first = this.#stop.signal.aborted ? this.#stop.signal.reason : error
      await this.abort()
      throw first
    }
  }

  /** In object mode, so that chunks that wait are not joined into one more copy. */
  #readable(bytes: ByteSource): Readable {
    let proceed = () => {}
    const readable = new Readable({ objectMode: true, highWaterMark: 1, read: () => proceed() })
    const take = (chunk: Buffer) => {
      if (!readable.push(chunk)) return new Promise<void>(resolve => (proceed = resolve))
    }
    bytes.forEachChunk(take, this.#stop.signal).then(
      () => readable.push(null),
      error => {
        this.#stop.abort(error)
        readable.destroy(error)
      },
    )
    return readable
  }

  /** Told apart by what they carry: class names do not survive bundlers, nor do classes a second copy of the SDK. */
  #send(input: UploadInput): Promise<unknown> {
    if ('MultipartUpload' in input) return this.#complete(input)
    if ('PartNumber' in input) return this.#uploadPart(input)
    if ('Body' in input && input.Body !== undefined) return this.#put(input)
    return this.#create(input)
  }

  async #create(input: CreateMultipartUploadCommandInput) {
    const answer = await this.#scope.s3.createMultipartUpload(input)
    this.#uploadId = answer.UploadId
    return answer
  }

  async #uploadPart(input: UploadPartCommandInput) {
    const { s3, slots } = this.#scope
    const { signal } = this.#stop
    try {
      const answer = await slots.run(() => s3.uploadPart(input, signal), signal)
      this.#confirm(input.Body)
      return answer
    } catch (error) {
      // Upload would go on with the other parts until the file ends.
      this.#stop.abort(error)
      throw error
    }
  }

  async #put(input: PutObjectCommandInput) {
    const { s3 } = this.#scope
    const answer = await this.#atCommit(() => s3.putObject(input))
    this.#confirm(input.Body)
    return answer
  }

  #complete(input: CompleteMultipartUploadCommandInput) {
    const { s3 } = this.#scope
    return this.#atCommit(() => s3.completeMultipartUpload(input))
  }

  async #atCommit<Answer extends { VersionId?: string }>(send: () => Promise<Answer>): Promise<Answer> {
    this.#staged.resolve()
    await this.#gate.promise
    const answer = await this.#scope.slots.run(send, this.#stop.signal)
    this.#stored = { versionId: answer.VersionId }
    return answer
  }

  #confirm(body: unknown): void {
    const { length } = body as Buffer
    this.#size += length
    this.#scope.onStored(length)
  }

  async commit(): Promise<StoredObject> {
    this.#gate.resolve()
    const answer = await (this.#upload as Promise<PutObjectCommandOutput>)
    return describeObject(answer, this.#size, this.#target, this.#scope)
  }

  abort(): Promise<void> {
    this.#abort ??= this.#remove()
    return this.#abort
  }

  async #remove(): Promise<void> {
    this.#stop.abort()
    this.#gate.reject(this.#stop.signal.reason)
    await this.#upload?.catch(() => {})
    if (this.#stored) return removeObject(this.#stored.versionId, this.#target, this.#scope)
    if (this.#uploadId) await removeParts(this.#uploadId, this.#target, this.#scope)
  }
}

function deferred() {
  let resolve = () => {}
  let reject: (reason: unknown) => void = () => {}
  const promise = new Promise<void>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  // What waits for it hears of it; nobody may be waiting.
  promise.catch(() => {})
  return { promise, resolve, reject }
}
