import type { S3ClientLike } from '../shared/types.ts'
import { clientFailed, sdkNotLoaded } from '../shared/upload-errors.ts'
import { reasonOf } from './s3-errors.ts'

type Sdk = typeof import('@aws-sdk/client-s3')

let sdk: Promise<Sdk> | undefined
let client: Promise<S3ClientLike> | undefined

/**
 * Loads the SDK with the first upload: it takes longer to load than the rest of this library. Rejects with
 * `STORAGE_FAILED` if the SDK cannot be loaded; the next call then tries again.
 */
export function loadSdk(): Promise<Sdk> {
  sdk ??= importSdk().catch(cause => {
    sdk = undefined
    throw sdkNotLoaded(cause)
  })
  return sdk
}

/** A bundler can give a CommonJS package only a default export: esbuild does, for ES modules with splitting. */
async function importSdk(): Promise<Sdk> {
  const module: Sdk & { default?: Sdk } = await import('@aws-sdk/client-s3')
  return module.S3Client === undefined && module.default !== undefined ? module.default : module
}

/** Returns the client for uploads without one: one for the process, which the SDK configures from the environment. */
export function defaultClient(): Promise<S3ClientLike> {
  client ??= createClient().catch(error => {
    client = undefined
    throw error
  })
  return client
}

async function createClient(): Promise<S3ClientLike> {
  const { S3Client } = await loadSdk()
  try {
    return new S3Client({})
  } catch (cause) {
    throw clientFailed(reasonOf(cause), cause)
  }
}
