import type { S3ClientLike } from '../shared/types.ts'

/**
 * `http:` or `https:` of the endpoint that the client was given. Undefined without one; one out of the environment is not
 * known before a request either.
 */
export async function protocolOf({ config }: S3ClientLike): Promise<string | undefined> {
  return (await config.endpoint?.())?.protocol
}
