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
import { incompleteResponse } from '../shared/upload-errors.ts'
import { deferred } from './deferred.ts'
import { StagedS3Object } from './staged-object.ts'
import type { ByteSource, Uploader, UploadScope, UploadTarget } from './uploader.ts'

export interface LibStorageOptions {
  /** S3 parts of one file in flight at once. @default the upload's `concurrency` */
  queueSize?: number
}

/**
 * Stores through `Upload` of `@aws-sdk/lib-storage` instead of the part writer of this package. `@aws-sdk/lib-storage`
 * is an optional peer dependency that you install. The stored objects are the same; it takes more memory.
 */
export function libStorage({ queueSize }: LibStorageOptions = {}): Uploader {
  if (queueSize !== undefined && !(Number.isInteger(queueSize) && queueSize > 0)) {
    throw new TypeError(`queueSize must be a whole number above 0; it is ${queueSize}.`)
  }
  return {
    open: (target, scope) => new StagedUpload(target, scope, queueSize ?? scope.concurrency),
  }
}

type UploadInput =
  | PutObjectCommandInput
  | CreateMultipartUploadCommandInput
  | UploadPartCommandInput
  | CompleteMultipartUploadCommandInput

/**
 * `Upload` uses only `config` and `send` of its client. So it gets an object of ours with these two, and every command
 * passes through `#send`. The command that makes the object visible waits for `commit()`.
 */
class StagedUpload extends StagedS3Object {
  readonly #queueSize: number
  /** Settled when the last command waits for the commit. */
  readonly #ready = deferred()
  /** Settled by the commit, or by a failure before it. */
  readonly #gate = deferred()
  /** Commands that have not ended. */
  readonly #running = new Set<Promise<unknown>>()
  #upload: Promise<PutObjectCommandOutput> | undefined

  constructor(target: UploadTarget, scope: UploadScope, queueSize: number) {
    super(target, scope)
    this.#queueSize = queueSize
  }

  protected async read(bytes: ByteSource): Promise<void> {
    const { bucket, key, params, partSize, ifNoneMatch } = this.target
    const send = (command: { input: UploadInput }) => this.#send(command.input)
    const upload = new Upload({
      client: { config: this.scope.client.config, send } as unknown as S3Client,
      params: { ...params, Bucket: bucket, Key: key, Body: this.#readable(bytes), IfNoneMatch: ifNoneMatch },
      partSize,
      queueSize: this.#queueSize,
      // The cleanup of Upload hides the first error. Ours is abort().
      leavePartsOnError: true,
    })
    // We do not call Upload.abort(): it returns before its requests have ended.
    this.#upload = upload.done() as Promise<PutObjectCommandOutput>
    // An Upload that fails before the commit must not make its object visible.
    this.#upload.catch(error => this.#gate.reject(error))
    await Promise.race([this.#ready.promise, this.#upload])
  }

  /** In object mode, so that waiting chunks are not joined into one more copy. */
  #readable(bytes: ByteSource): Readable {
    let proceed = () => {}
    const readable = new Readable({ objectMode: true, highWaterMark: 1, read: () => proceed() })
    const take = (chunk: Buffer) => {
      if (!readable.push(chunk)) return new Promise<void>(resolve => (proceed = resolve))
    }
    bytes.forEachChunk(take, this.scope.signal).then(
      () => readable.push(null),
      error => {
        this.fail(error)
        readable.destroy(error)
      },
    )
    return readable
  }

  /** Upload notices a failed command only when it looks at that part, which may be never. */
  async #send(input: UploadInput): Promise<unknown> {
    const command = this.#route(input)
    this.#running.add(command)
    try {
      return await command
    } catch (error) {
      this.fail(error)
      throw error
    } finally {
      this.#running.delete(command)
    }
  }

  /** Recognizes commands by their input: class names do not survive bundlers, and classes differ between SDK copies. */
  #route(input: UploadInput): Promise<unknown> {
    if ('MultipartUpload' in input) return this.#atCommit(() => this.#complete(input))
    if ('PartNumber' in input) return this.#uploadPart(input)
    if ('Body' in input && input.Body !== undefined) return this.#put(input)
    return this.scope.permits.run(() => this.multipart.create(input), this.scope.signal)
  }

  async #uploadPart(input: UploadPartCommandInput) {
    const { s3, permits, signal } = this.scope
    const output = await permits.run(() => s3.uploadPart(input, signal), signal)
    if (!output.ETag) throw incompleteResponse('UploadPart', input, 'ETag')
    this.#confirmBody(input.Body)
    return output
  }

  #complete(input: CompleteMultipartUploadCommandInput) {
    return this.object.complete(input, this.confirmedBytes, this.multipart.attempts)
  }

  async #put(input: PutObjectCommandInput) {
    const body = input.Body as Uint8Array
    const output = await this.#atCommit(() => this.object.put({ ...input, Body: body }))
    this.#confirmBody(body)
    return output
  }

  async #atCommit<Output>(send: () => Promise<Output>): Promise<Output> {
    this.#ready.resolve()
    await this.#gate.promise
    return send()
  }

  #confirmBody(body: unknown): void {
    this.confirm((body as Uint8Array).length)
  }

  protected makeVisible(): Promise<PutObjectCommandOutput> {
    this.#gate.resolve()
    return this.#upload as Promise<PutObjectCommandOutput>
  }

  protected async stop(): Promise<void> {
    this.#gate.reject(this.scope.signal.reason)
    await this.#upload?.catch(() => {})
    // Upload can fail beside commands that are still running.
    await Promise.allSettled(this.#running)
  }
}
