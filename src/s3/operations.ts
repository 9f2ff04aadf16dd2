import type {
  AbortMultipartUploadCommandInput,
  CompleteMultipartUploadCommandInput,
  CompleteMultipartUploadCommandOutput,
  CreateMultipartUploadCommandInput,
  CreateMultipartUploadCommandOutput,
  DeleteObjectCommandInput,
  DeleteObjectCommandOutput,
  HeadObjectCommandInput,
  HeadObjectCommandOutput,
  ListMultipartUploadsCommandInput,
  ListMultipartUploadsCommandOutput,
  PutObjectCommandInput,
  PutObjectCommandOutput,
  UploadPartCommandInput,
  UploadPartCommandOutput,
} from '@aws-sdk/client-s3'
import type { ObjectParams, S3ClientLike } from '../shared/types.ts'
import { storageTimedOut } from '../shared/upload-errors.ts'
import { askClient } from './ask-client.ts'
import type { Digests } from './body-digest.ts'
import { sendConditions } from './conditions.ts'
import { decidePayload, type Payload } from './payload.ts'
import { observeAttempts, rememberAttempts } from './request-attempts.ts'
import { prepareBody } from './request-body.ts'
import { rejectPages, watchResponse } from './response-checks.ts'
import { checkOutput, requestFailed } from './s3-errors.ts'
import { loadSdk } from './sdk.ts'
import { limitTime, untilGivenUp } from './time-limit.ts'

/**
 * The requests to S3 that an upload needs. Each rejects with `STORAGE_FAILED`, whose `cause` is the SDK's error, or with
 * `STORAGE_TIMEOUT`. The SDK retries. It also computes the digests that a body does not have yet.
 *
 * Only UploadPart can be aborted. The other requests must run to their end: an aborted CreateMultipartUpload may have
 * created an upload whose id we never learn, and an aborted PutObject may have created an object.
 */
export interface S3Requests {
  /** Decides how S3 verifies the bytes of a file with these parameters. */
  decidePayload(params: ObjectParams): Promise<Payload>
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
  deleteObject(input: DeleteObjectCommandInput): Promise<DeleteObjectCommandOutput>
}

type Sdk = Awaited<ReturnType<typeof loadSdk>>
type Command = Parameters<S3ClientLike['send']>[0]
type Operation = Capitalize<Exclude<keyof S3Requests, 'decidePayload'>>
type InputOf<Name extends Operation> = Parameters<S3Requests[Uncapitalize<Name>]>[0]
type OutputOf<Name extends Operation> = Awaited<ReturnType<S3Requests[Uncapitalize<Name>]>>

/** The SDK's command for each operation. */
const COMMANDS: { [Name in Operation]: (sdk: Sdk) => new (input: InputOf<Name>) => object } = {
  PutObject: sdk => sdk.PutObjectCommand,
  CreateMultipartUpload: sdk => sdk.CreateMultipartUploadCommand,
  UploadPart: sdk => sdk.UploadPartCommand,
  CompleteMultipartUpload: sdk => sdk.CompleteMultipartUploadCommand,
  AbortMultipartUpload: sdk => sdk.AbortMultipartUploadCommand,
  ListMultipartUploads: sdk => sdk.ListMultipartUploadsCommand,
  HeadObject: sdk => sdk.HeadObjectCommand,
  DeleteObject: sdk => sdk.DeleteObjectCommand,
}

export interface S3RequestSettings {
  /** Limit for one request and its retries, in milliseconds. */
  storageTimeout: number
  unsignedPayload: boolean | undefined
}

export function s3Requests(client: S3ClientLike, settings: S3RequestSettings): S3Requests {
  const { storageTimeout, unsignedPayload } = settings
  const { expectContinueHeader } = client.config as { expectContinueHeader?: boolean | number }
  const bodySettings = { unsignedPayload, expectContinueHeader }

  async function send<Name extends Operation>(
    operation: Name,
    input: InputOf<Name>,
    signal?: AbortSignal,
    digests?: Digests,
  ): Promise<OutputOf<Name>> {
    const Command = COMMANDS[operation](await loadSdk())
    const limit = limitTime(storageTimeout, signal)
    const command = new Command(input)
    const attempts = observeAttempts(command, limit.signal)
    sendConditions(command, operation)
    if ('Body' in input) prepareBody(command, bodySettings, digests)
    if (operation !== 'HeadObject') rejectPages(command)
    if (operation === 'CompleteMultipartUpload') watchResponse(command, limit.renew)
    try {
      const request = async () => client.send(command as Command, { abortSignal: limit.signal })
      const output: unknown = await untilGivenUp(request(), limit.signal, attempts)
      const response = checkOutput<OutputOf<Name> & object>(output)
      rememberAttempts(response, attempts)
      return response
    } catch (cause) {
      signal?.throwIfAborted()
      const error = limit.signal.aborted
        ? storageTimedOut(operation, input, storageTimeout, cause)
        : requestFailed(operation, input, cause)
      rememberAttempts(error, attempts)
      throw error
    } finally {
      limit.clear()
    }
  }

  return {
    async decidePayload(params) {
      return askClient(() => decidePayload(client, params, unsignedPayload), storageTimeout)
    },
    putObject: (input, digests) => send('PutObject', input, undefined, digests),
    createMultipartUpload: input => send('CreateMultipartUpload', input),
    uploadPart: (input, signal, digests) => send('UploadPart', input, signal, digests),
    completeMultipartUpload: input => send('CompleteMultipartUpload', input),
    abortMultipartUpload: input => send('AbortMultipartUpload', input),
    listMultipartUploads: input => send('ListMultipartUploads', input),
    headObject: input => send('HeadObject', input),
    deleteObject: input => send('DeleteObject', input),
  }
}
