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
import { MultipartUpload } from './multipart-upload.ts'
import { ObjectCommit } from './object-commit.ts'
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
  readonly #multipart: MultipartUpload
  readonly #object: ObjectCommit
  readonly #staged = deferred()
  readonly #gate = deferred()

  #upload: Promise<PutObjectCommandOutput> | undefined
  #confirmed = 0
  #commit: Promise<StoredObject> | undefined
  #abort: Promise<void> | undefined

  constructor(target: UploadTarget, scope: UploadScope) {
    this.#target = target
    this.#scope = scope
    this.#multipart = new MultipartUpload(target, scope)
    this.#object = new ObjectCommit(target, scope)
  }

  async stage(bytes: ByteSource, queueSize: number): Promise<void> {
    const { bucket, key, params, partSize, ifNoneMatch } = this.#target
    const upload = new Upload({
      client: { config: this.#scope.client.config, send: this.#send } as unknown as S3Client,
      params: { ...params, Bucket: bucket, Key: key, Body: this.#readable(bytes), IfNoneMatch: ifNoneMatch },
      partSize,
      queueSize,
      // Its own cleanup, when it fails, hides the first error. Ours is abort().
      leavePartsOnError: true,
    })
    // Upload.abort() is not used: it returns before anything has ended.
    this.#upload = upload.done() as Promise<PutObjectCommandOutput>
    try {
      await Promise.race([this.#staged.promise, this.#upload])
    } catch (error) {
      this.#scope.fail(error)
      await this.abort()
      throw error
    }
  }

  /** In object mode, so that chunks that wait are not joined into one more copy. */
  #readable(bytes: ByteSource): Readable {
    let proceed = () => {}
    const readable = new Readable({ objectMode: true, highWaterMark: 1, read: () => proceed() })
    const take = (chunk: Buffer) => {
      if (!readable.push(chunk)) return new Promise<void>(resolve => (proceed = resolve))
    }
    bytes.forEachChunk(take, this.#scope.signal).then(
      () => readable.push(null),
      error => {
        this.#scope.fail(error)
        readable.destroy(error)
      },
    )
    return readable
  }

  /** Upload hears of a failed command only when it looks at that part, which may be never. */
  readonly #send = async (command: { input: UploadInput }): Promise<unknown> => {
    try {
      return await this.#pass(command.input)
    } catch (error) {
      this.#scope.fail(error)
      throw error
    }
  }

  /** Told apart by what they carry: class names do not survive bundlers, nor do classes a second copy of the SDK. */
  #pass(input: UploadInput): Promise<unknown> {
    if ('MultipartUpload' in input) return this.#atCommit(() => this.#object.complete(input))
    if ('PartNumber' in input) return this.#uploadPart(input)
    if ('Body' in input && input.Body !== undefined) return this.#put(input)
    return this.#scope.permits.run(() => this.#multipart.create(input), this.#scope.signal)
  }

  async #uploadPart(input: UploadPartCommandInput) {
    const { s3, permits, signal } = this.#scope
    const answer = await permits.run(() => s3.uploadPart(input, signal), signal)
    this.#confirm(input.Body)
    return answer
  }

  async #put(input: PutObjectCommandInput) {
    const body = input.Body as Uint8Array
    const answer = await this.#atCommit(() => this.#object.put({ ...input, Body: body }))
    this.#confirm(body)
    return answer
  }

  async #atCommit<Answer>(send: () => Promise<Answer>): Promise<Answer> {
    this.#staged.resolve()
    await this.#gate.promise
    return send()
  }

  #confirm(body: unknown): void {
    const { length } = body as Uint8Array
    this.#confirmed += length
    this.#scope.onStored(length)
  }

  commit(): Promise<StoredObject> {
    this.#commit = this.#makeVisible()
    return this.#commit
  }

  async #makeVisible(): Promise<StoredObject> {
    this.#gate.resolve()
    const answer = await (this.#upload as Promise<PutObjectCommandOutput>)
    await this.#multipart.finish()
    return this.#object.describe(answer, this.#confirmed)
  }

  abort(): Promise<void> {
    this.#abort ??= this.#remove()
    return this.#abort
  }

  async #remove(): Promise<void> {
    this.#gate.reject(this.#scope.signal.reason)
    await this.#upload?.catch(() => {})
    await this.#commit?.catch(() => {})
    // Upload can fail beside the request that makes its object visible.
    await this.#object.settled()
    // Before the object is looked for: parts that are still there cannot become one afterwards.
    if (!this.#object.isStored) await this.#multipart.remove()
    await this.#object.undo()
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
