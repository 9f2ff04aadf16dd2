import { setTimeout as wait } from 'node:timers/promises'
import type {
  CompleteMultipartUploadCommandInput,
  PutObjectCommandInput,
  PutObjectCommandOutput,
} from '@aws-sdk/client-s3'
import type { Digests } from '../s3/body-digest.ts'
import { checksumsOf } from '../s3/checksum-fields.ts'
import { etagOfBody, etagOfParts } from '../s3/etag.ts'
import { attemptsOf, type RequestAttempts } from '../s3/request-attempts.ts'
import { isUnsupported } from '../s3/s3-errors.ts'
import { UploadError } from '../shared/errors.ts'
import type { Checksums, S3ClientLike } from '../shared/types.ts'
import { notConfirmed } from '../shared/upload-errors.ts'
import {
  type CommitOutcome,
  type CommitOutput,
  judgeError,
  judgeResponse,
  rollBack,
} from './commit-outcome.ts'
import type { ExpectedObject } from './expected-object.ts'
import { headObject } from './object-rollback.ts'
import type { StoredObject, UploadScope, UploadTarget } from './uploader.ts'

/** Waits before the next PutObject that met a conflicting request. */
const CONFLICT_DELAYS_MS = [50, 200, 800]

/** Clients of stores that refuse `MpuObjectSize`. */
const refuseSize = new WeakSet<S3ClientLike>()

/** The one request that makes an object visible, and its effect. */
export class ObjectCommit {
  readonly #target: UploadTarget
  readonly #scope: UploadScope
  #releasePermit: (() => void) | undefined
  #expected: ExpectedObject | undefined
  #outcome: CommitOutcome = { kind: 'nothing' }

  constructor(target: UploadTarget, scope: UploadScope) {
    this.#target = target
    this.#scope = scope
  }

  put(input: PutObjectCommandInput & { Body: Uint8Array }, digests?: Digests) {
    const expected = { size: input.Body.length, etag: () => etagOfBody(input.Body), creation: undefined }
    return this.#send('PutObject', expected, () => this.#putUnlessConflict(input, digests))
  }

  /**
   * S3 compares the size with the sum of the parts that it has.
   *
   * @param size bytes of the object
   * @param creation the CreateMultipartUpload
   */
  complete(input: CompleteMultipartUploadCommandInput, size: number, creation: RequestAttempts | undefined) {
    const parts = input.MultipartUpload?.Parts ?? []
    const expected = { size, etag: () => etagOfParts(parts.map(({ ETag }) => ETag)), creation }
    return this.#send('CompleteMultipartUpload', expected, () => this.#completeWithSize(input, size))
  }

  /**
   * Does not start after the upload has failed. Never cut short once it has started.
   *
   * A commit that fails keeps its permit until `releasePermit()`: no commit that waits for it may start before the
   * upload has failed.
   */
  async #send<Output extends CommitOutput>(
    operation: string,
    expected: ExpectedObject,
    send: () => Promise<Output>,
  ): Promise<Output | CommitOutput> {
    const { permits, signal } = this.#scope
    const release = await permits.acquire(signal)
    // The upload can fail between the grant and this line.
    if (signal.aborted) release()
    signal.throwIfAborted()
    this.#releasePermit = release
    this.#expected = expected
    this.#outcome = { kind: 'unknown', cause: undefined }
    const output = await this.#settle(operation, expected, send)
    release()
    return output
  }

  async #settle<Output extends CommitOutput>(
    operation: string,
    expected: ExpectedObject,
    send: () => Promise<Output>,
  ): Promise<Output | CommitOutput> {
    const { bucket, key } = this.#target
    const readHead = (versionId?: string) => headObject(this.#target, this.#scope, versionId)
    let output: Output
    try {
      output = await send()
    } catch (error) {
      this.#outcome = await judgeError(error, expected, readHead)
      if (this.#outcome.kind !== 'found') throw error
      this.#expected = withoutBody(expected, this.#outcome)
      return {}
    }
    this.#outcome = await judgeResponse(output, expected, readHead)
    if (this.#outcome.kind === 'unknown') throw notConfirmed(operation, { Bucket: bucket, Key: key })
    this.#expected = withoutBody(expected, this.#outcome)
    return output
  }

  async #completeWithSize(input: CompleteMultipartUploadCommandInput, size: number) {
    const { client, s3 } = this.#scope
    if (refuseSize.has(client)) return s3.completeMultipartUpload(input)
    try {
      return await s3.completeMultipartUpload({ ...input, MpuObjectSize: size })
    } catch (error) {
      if (!isUnsupported(error)) throw error
    }
    const output = await s3.completeMultipartUpload(input)
    refuseSize.add(client)
    return output
  }

  /** S3 asks for another PutObject after a conflict. An attempt whose response was lost may be what it conflicts with. */
  async #putUnlessConflict(input: PutObjectCommandInput, digests?: Digests): Promise<PutObjectCommandOutput> {
    const { s3, signal } = this.#scope
    const delays = [...CONFLICT_DELAYS_MS]
    let earlier: RequestAttempts | undefined
    for (;;) {
      try {
        const output = await s3.putObject(input, digests)
        attemptsOf(output)?.follow(earlier)
        countRetries(output, CONFLICT_DELAYS_MS.length - delays.length)
        return output
      } catch (error) {
        const attempts = attemptsOf(error)
        attempts?.follow(earlier)
        earlier = attempts
        const delay = delays.shift()
        if (delay === undefined || !isConflict(error)) throw error
        // If the upload has failed meanwhile, this is the last that S3 said.
        await wait(delay, undefined, { signal }).catch(() => {
          throw error
        })
      }
    }
  }

  /** Called when the upload has failed. */
  releasePermit(): void {
    this.#releasePermit?.()
  }

  /** Returns the stored object as S3 describes it. */
  describe(output: CommitOutput, size: number): StoredObject {
    const { etag = '', versionId } = 'object' in this.#outcome ? this.#outcome.object : {}
    const checksums = publicNames(checksumsOf(output))
    return { size, etag, ...(versionId && { versionId }), ...(checksums && { checksums }) }
  }

  /** True if S3 has confirmed the request, so that no multipart upload is left. */
  get isConfirmed(): boolean {
    return this.#outcome.kind === 'stored'
  }

  /** Removes what the request made. Never rejects; reports what it cannot remove and what is in doubt. */
  async undo(): Promise<void> {
    if (this.#expected) await rollBack(this.#outcome, this.#expected, this.#target, this.#scope)
    this.#outcome = { kind: 'nothing' }
  }
}

/**
 * The object can be removed long after its upload, so its bytes must not stay in memory. Their ETag is needed again only if an
 * attempt was lost. The bytes are unchanged until then: only memory of a request without a retry is lent again.
 */
function withoutBody({ size, etag, creation }: ExpectedObject, outcome: CommitOutcome): ExpectedObject {
  const isCertain = outcome.kind === 'stored' && !outcome.hadLostAttempt
  const known = isCertain ? undefined : unlessThrows(etag)
  return { size, etag: () => known, creation }
}

/** Node has no MD5 in FIPS mode. */
function unlessThrows<Value>(call: () => Value): Value | undefined {
  try {
    return call()
  } catch {
    return undefined
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof UploadError && error.code === 'STORAGE_CONFLICT'
}

/** A socket may still be reading the body of an attempt that S3 rejected. */
function countRetries({ $metadata }: PutObjectCommandOutput, retries: number): void {
  if (retries > 0 && $metadata) $metadata.attempts = ($metadata.attempts ?? 1) + retries
}

function publicNames(checksums: Record<string, string>): Checksums | undefined {
  const entries = Object.entries(checksums).map(([name, value]) => [
    name.replace('Checksum', '').toLowerCase(),
    value,
  ])
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}
