import type { ObjectParams, S3ClientLike } from '../shared/types.ts'

/** How S3 verifies the bytes of a file. Decided once, before the first byte arrives. */
export interface Payload {
  /** Algorithm of the checksum that is sent with each body. Undefined if the client sends none. */
  readonly checksum: ObjectParams['ChecksumAlgorithm']
  /** True if the signature of a request covers its body. Undefined if an endpoint that we do not know yet decides. */
  readonly signed: boolean | undefined
}

/** @param unsignedPayload the option of that name */
export async function decidePayload(
  client: S3ClientLike,
  { ChecksumAlgorithm }: ObjectParams,
  unsignedPayload: boolean | undefined,
): Promise<Payload> {
  const checksum = ChecksumAlgorithm ?? (await defaultChecksum(client))
  const protocol = await protocolOf(client)
  return { checksum, signed: isSigned(unsignedPayload, protocol, checksum !== undefined) }
}

/**
 * True if the signature of a request must cover its body.
 *
 * - The application decides with `unsignedPayload`. The other rules are its default.
 * - Without a checksum, the signature covers the body: nothing else tells S3 that a byte has changed.
 * - With a checksum, it covers the body over http, but not over https. There TLS and the checksum protect the bytes,
 *   and SHA-256 would be a quarter of our CPU time.
 *   https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 *
 * @param protocol `http:` or `https:`, or undefined if it is not known
 * @returns undefined if the result depends on a protocol that is not known
 */
export function isSigned(
  unsignedPayload: boolean | undefined,
  protocol: string | undefined,
  hasChecksum: boolean,
): boolean | undefined {
  if (unsignedPayload !== undefined) return !unsignedPayload
  if (!hasChecksum) return true
  return protocol === undefined ? undefined : protocol !== 'https:'
}

/** Older SDKs do not have this setting. They send a checksum only if a command names its algorithm. */
async function defaultChecksum({ config }: S3ClientLike): Promise<'CRC32' | undefined> {
  const setting: unknown = config.requestChecksumCalculation
  const calculation = typeof setting === 'function' ? await setting() : undefined
  return calculation === 'WHEN_SUPPORTED' ? 'CRC32' : undefined
}

/**
 * Returns `http:` or `https:`, from the endpoint in the client's config. Undefined if it has none: the SDK then finds
 * the endpoint when it sends a request, from the environment or the region.
 */
export async function protocolOf({ config }: S3ClientLike): Promise<string | undefined> {
  return (await config.endpoint?.())?.protocol
}
