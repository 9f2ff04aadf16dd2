import type { S3ClientLike } from '../shared/types.ts'

type Sdk = typeof import('@aws-sdk/client-s3')

let sdk: Promise<Sdk> | undefined
let client: Promise<S3ClientLike> | undefined

/** Loads the SDK with the first upload: it takes longer to load than the rest of this library. */
export function loadSdk(): Promise<Sdk> {
  sdk ??= import('@aws-sdk/client-s3')
  return sdk
}

/** Returns the client for uploads without one: one for the process, which the SDK configures from the environment. */
export function defaultClient(): Promise<S3ClientLike> {
  client ??= loadSdk().then(({ S3Client }) => new S3Client({}))
  return client
}
