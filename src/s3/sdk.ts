import type { S3ClientLike } from '../shared/types.ts'

type Sdk = typeof import('@aws-sdk/client-s3')

let sdk: Promise<Sdk> | undefined
let client: Promise<S3ClientLike> | undefined

/** Loaded with the first upload: the SDK takes longer to load than everything else here. */
export function loadSdk(): Promise<Sdk> {
  sdk ??= import('@aws-sdk/client-s3')
  return sdk
}

/** The client of uploads that name none: one for the process, set up from the environment as the SDK does. */
export function defaultClient(): Promise<S3ClientLike> {
  client ??= loadSdk().then(({ S3Client }) => new S3Client({}))
  return client
}
