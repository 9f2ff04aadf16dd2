import type {
  AbortMultipartUploadCommandInput,
  CompleteMultipartUploadCommandInput,
  CompleteMultipartUploadCommandOutput,
  CreateMultipartUploadCommandInput,
  CreateMultipartUploadCommandOutput,
  DeleteObjectCommandInput,
  HeadObjectCommandInput,
  HeadObjectCommandOutput,
  PutObjectCommandInput,
  PutObjectCommandOutput,
  UploadPartCommandInput,
  UploadPartCommandOutput,
} from '@aws-sdk/client-s3'
import { UploadError } from './errors.ts'
import { loadSdk } from './sdk.ts'
import type { S3ClientLike } from './types.ts'

/**
 * The operations of S3 that an upload needs. Each rejects with `STORAGE_FAILED`, the SDK's error as `cause`.
 *
 * Only UploadPart can be cut short. What the others have begun has to be known to its end: a
 * CreateMultipartUpload cut short may leave an upload that nobody can name, a PutObject an object.
 */
export interface S3Requests {
  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
  putObject(input: PutObjectCommandInput): Promise<PutObjectCommandOutput>
  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
  createMultipartUpload(input: CreateMultipartUploadCommandInput): Promise<CreateMultipartUploadCommandOutput>
  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html */
  uploadPart(input: UploadPartCommandInput, signal: AbortSignal): Promise<UploadPartCommandOutput>
  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html */
  completeMultipartUpload(
    input: CompleteMultipartUploadCommandInput,
  ): Promise<CompleteMultipartUploadCommandOutput>
  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html */
  abortMultipartUpload(input: AbortMultipartUploadCommandInput): Promise<unknown>
  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html */
  headObject(input: HeadObjectCommandInput): Promise<HeadObjectCommandOutput>
  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html */
  deleteObject(input: DeleteObjectCommandInput): Promise<unknown>
}

type Sdk = Awaited<ReturnType<typeof loadSdk>>

interface ObjectName {
  Bucket: string | undefined
  Key: string | undefined
}

export function s3Requests(client: S3ClientLike): S3Requests {
  return {
    putObject: input => request('PutObject', input, sdk => client.send(new sdk.PutObjectCommand(input))),

    createMultipartUpload: input =>
      request('CreateMultipartUpload', input, sdk =>
        client.send(new sdk.CreateMultipartUploadCommand(input)),
      ),

    uploadPart: (input, signal) =>
      request(
        'UploadPart',
        input,
        sdk => client.send(new sdk.UploadPartCommand(input), { abortSignal: signal }),
        signal,
      ),

    completeMultipartUpload: input =>
      request('CompleteMultipartUpload', input, sdk =>
        client.send(new sdk.CompleteMultipartUploadCommand(input)),
      ),

    abortMultipartUpload: input =>
      request('AbortMultipartUpload', input, sdk => client.send(new sdk.AbortMultipartUploadCommand(input))),

    headObject: input => request('HeadObject', input, sdk => client.send(new sdk.HeadObjectCommand(input))),

    deleteObject: input =>
      request('DeleteObject', input, sdk => client.send(new sdk.DeleteObjectCommand(input))),
  }
}

async function request<Output>(
  operation: string,
  name: ObjectName,
  send: (sdk: Sdk) => Promise<Output>,
  signal?: AbortSignal,
): Promise<Output> {
  const sdk = await loadSdk()
  try {
    return await send(sdk)
  } catch (cause) {
    signal?.throwIfAborted()
    throw storageFailed(operation, name, cause)
  }
}

function storageFailed(operation: string, { Bucket, Key }: ObjectName, cause: unknown): UploadError {
  return new UploadError(
    'STORAGE_FAILED',
    `${operation} of "${Key}" in bucket "${Bucket}" failed: ${reasonOf(cause)}`,
    {
      cause,
    },
  )
}

/** Ceph's errors carry no message, and those of a socket no status. */
function reasonOf(cause: unknown): string {
  const { name, message, $metadata } = cause as Partial<Error> & { $metadata?: { httpStatusCode?: number } }
  const status = $metadata?.httpStatusCode ? ` (${$metadata.httpStatusCode})` : ''
  return message && message !== name ? `${name}${status}: ${message}` : `${name}${status}`
}
