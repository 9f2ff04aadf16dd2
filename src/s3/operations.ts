import type {
  AbortMultipartUploadCommandInput,
  CompleteMultipartUploadCommandInput,
  CompleteMultipartUploadCommandOutput,
  CreateMultipartUploadCommandInput,
  CreateMultipartUploadCommandOutput,
  DeleteObjectCommandInput,
  HeadObjectCommandInput,
  HeadObjectCommandOutput,
  ListMultipartUploadsCommandInput,
  ListMultipartUploadsCommandOutput,
  PutObjectCommandInput,
  PutObjectCommandOutput,
  UploadPartCommandInput,
  UploadPartCommandOutput,
} from '@aws-sdk/client-s3'
import { createAbortController } from '../shared/abort-signals.ts'
import { UploadError } from '../shared/errors.ts'
import type { ObjectParams, S3ClientLike } from '../shared/types.ts'
import {
  alreadyExists,
  clientFailed,
  type ObjectName,
  storageFailed,
  storageTimedOut,
} from '../shared/upload-errors.ts'
import { type DigestKinds, type Digests, digestKinds } from './body-digest.ts'
import { prepareBody } from './payload.ts'
import { loadSdk } from './sdk.ts'

/**
 * The operations of S3 that an upload needs. Each rejects with `STORAGE_FAILED`, the SDK's error as `cause`, or
 * with `STORAGE_TIMEOUT`. Retries are the SDK's, and so are the digests that a body is not given.
 *
 * Only UploadPart can be cut short by a signal. What the others have begun has to be known to its end: a
 * CreateMultipartUpload cut short may leave an upload that nobody can name, a PutObject an object.
 */
export interface S3Requests {
  /** Which digests the bodies of a file with these parameters are given. */
  digestKinds(params: ObjectParams): Promise<DigestKinds>
  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
  putObject(input: PutObjectCommandInput, digests?: Digests): Promise<PutObjectCommandOutput>
  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
  createMultipartUpload(input: CreateMultipartUploadCommandInput): Promise<CreateMultipartUploadCommandOutput>
  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html */
  uploadPart(
    input: UploadPartCommandInput,
    signal: AbortSignal,
    digests?: Digests,
  ): Promise<UploadPartCommandOutput>
  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html */
  completeMultipartUpload(
    input: CompleteMultipartUploadCommandInput,
  ): Promise<CompleteMultipartUploadCommandOutput>
  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html */
  abortMultipartUpload(input: AbortMultipartUploadCommandInput): Promise<unknown>
  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html */
  listMultipartUploads(input: ListMultipartUploadsCommandInput): Promise<ListMultipartUploadsCommandOutput>
  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html */
  headObject(input: HeadObjectCommandInput): Promise<HeadObjectCommandOutput>
  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html */
  deleteObject(input: DeleteObjectCommandInput): Promise<unknown>
}

type Sdk = Awaited<ReturnType<typeof loadSdk>>

export interface S3RequestSettings {
  /** Of one request, the SDK's retries included: milliseconds. */
  storageTimeout: number
  /** Whether to leave bodies out of the signature. */
  unsignedPayload: boolean | undefined
}

export function s3Requests(client: S3ClientLike, settings: S3RequestSettings): S3Requests {
  const { storageTimeout, unsignedPayload } = settings
  const { expectContinueHeader } = client.config as { expectContinueHeader?: boolean | number }
  const body = { unsignedPayload, expectContinueHeader }

  type Send<I, Output> = (
    sdk: Sdk,
    input: I,
    options: { abortSignal: AbortSignal },
    digests: Digests | undefined,
  ) => Promise<Output>

  function operation<I extends Input, Output>(name: string, send: Send<I, Output>) {
    return async (input: I, signal?: AbortSignal, digests?: Digests): Promise<Output> => {
      const sdk = await loadSdk()
      const limit = limitTime(storageTimeout, signal)
      try {
        return await send(sdk, input, { abortSignal: limit.signal }, digests)
      } catch (cause) {
        signal?.throwIfAborted()
        throw limit.signal.aborted
          ? storageTimedOut(name, input, storageTimeout, cause)
          : failed(name, input, cause)
      } finally {
        limit.clear()
      }
    }
  }

  const putObject = operation('PutObject', (sdk, input: PutObjectCommandInput, options, digests) =>
    client.send(prepareBody(new sdk.PutObjectCommand(input), body, digests), options),
  )

  return {
    async digestKinds(params) {
      try {
        return await digestKinds(client, params, unsignedPayload)
      } catch (cause) {
        throw clientFailed(reasonOf(cause), cause)
      }
    },
    putObject: (input, digests) => putObject(input, undefined, digests),
    createMultipartUpload: operation(
      'CreateMultipartUpload',
      (sdk, input: CreateMultipartUploadCommandInput, options) =>
        client.send(new sdk.CreateMultipartUploadCommand(input), options),
    ),
    uploadPart: operation('UploadPart', (sdk, input: UploadPartCommandInput, options, digests) =>
      client.send(prepareBody(new sdk.UploadPartCommand(input), body, digests), options),
    ),
    completeMultipartUpload: operation(
      'CompleteMultipartUpload',
      (sdk, input: CompleteMultipartUploadCommandInput, options) =>
        client.send(new sdk.CompleteMultipartUploadCommand(input), options),
    ),
    abortMultipartUpload: operation(
      'AbortMultipartUpload',
      (sdk, input: AbortMultipartUploadCommandInput, options) =>
        client.send(new sdk.AbortMultipartUploadCommand(input), options),
    ),
    listMultipartUploads: operation(
      'ListMultipartUploads',
      (sdk, input: ListMultipartUploadsCommandInput, options) =>
        client.send(new sdk.ListMultipartUploadsCommand(input), options),
    ),
    headObject: operation('HeadObject', (sdk, input: HeadObjectCommandInput, options) =>
      client.send(new sdk.HeadObjectCommand(input), options),
    ),
    deleteObject: operation('DeleteObject', (sdk, input: DeleteObjectCommandInput, options) =>
      client.send(new sdk.DeleteObjectCommand(input), options),
    ),
  }
}

/** A signal for one request: aborted with another one, or when the time is up. */
function limitTime(milliseconds: number, signal: AbortSignal | undefined) {
  const controller = createAbortController()
  const abort = () => controller.abort()
  const timer = setTimeout(abort, milliseconds)
  signal?.addEventListener('abort', abort)
  if (signal?.aborted) abort()
  return {
    signal: controller.signal,
    clear() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', abort)
    },
  }
}

interface Input extends ObjectName {
  IfNoneMatch?: string | undefined
}

function failed(operation: string, input: Input, cause: unknown): UploadError {
  const status = statusOf(cause)
  const exists = input.IfNoneMatch !== undefined && (status === 412 || status === 409)
  return exists ? alreadyExists(cause) : storageFailed(operation, input, reasonOf(cause), cause)
}

/** Ceph's errors carry no message, and those of a socket no status. */
function reasonOf(cause: unknown): string {
  const { name, message } = cause as Error
  const status = statusOf(cause) ? ` (${statusOf(cause)})` : ''
  return message && message !== name ? `${name}${status}: ${message}` : `${name}${status}`
}

interface SdkError {
  $metadata?: { httpStatusCode?: number; attempts?: number }
}

/** The status that S3 answered with; undefined where it has not answered. */
export function statusOf(error: unknown): number | undefined {
  return metadataOf(error)?.httpStatusCode
}

/**
 * Whether a request that failed has certainly had no effect: S3 refused it, the first time that it was asked. After
 * a retry, the refusal may be of what the first attempt has already done.
 */
export function hadNoEffect(error: unknown): boolean {
  const { httpStatusCode = 0, attempts = 0 } = metadataOf(error) ?? {}
  return httpStatusCode >= 400 && httpStatusCode < 500 && attempts === 1
}

function metadataOf(error: unknown): SdkError['$metadata'] {
  const sdkError = error instanceof UploadError ? error.cause : error
  return (sdkError as SdkError | undefined)?.$metadata
}
