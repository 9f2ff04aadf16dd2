import { createHash, type Hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { ObjectParams, S3ClientLike } from '../shared/types.ts'
import { protocolOf } from './client-protocol.ts'

/** Of a body, as fields of its request's head. */
export type Digests = Record<string, string>

/** Which digests S3 is given of the bodies of one file. */
export interface DigestKinds {
  /** Undefined where the client is set to give none. */
  checksum: ObjectParams['ChecksumAlgorithm']
  /** Whether the bytes are in the signature of their request. */
  signed: boolean
}

/**
 * @param unsignedPayload undefined for: signed over http, not over https. What has no checksum is signed there too, by the SDK
 */
export async function digestKinds(
  client: S3ClientLike,
  { ChecksumAlgorithm }: ObjectParams,
  unsignedPayload: boolean | undefined,
): Promise<DigestKinds> {
  const setting: unknown = client.config.requestChecksumCalculation
  // Older SDKs do not know it, and leave what they were given.
  const calculation = typeof setting === 'function' ? await setting() : undefined
  return {
    checksum: ChecksumAlgorithm ?? (calculation === 'WHEN_SUPPORTED' ? 'CRC32' : undefined),
    // Where the protocol is not known, the SDK hashes the bytes.
    signed: !(unsignedPayload ?? (await protocolOf(client)) !== 'http:'),
  }
}

/**
 * What S3 is told of a body, made of its bytes as they come. The SDK would make it when it sends them: all at once, which
 * keeps everybody else waiting, and of what is in memory by then. So S3 refuses whatever is not what has come.
 */
export class BodyDigest {
  readonly #hash: Hash | undefined
  #checksum: number | undefined

  constructor({ checksum, signed }: DigestKinds) {
    this.#hash = signed ? createHash('sha256') : undefined
    // Others are made by the SDK.
    this.#checksum = checksum === 'CRC32' ? 0 : undefined
  }

  update(chunk: Buffer): void {
    this.#hash?.update(chunk)
    if (this.#checksum !== undefined) this.#checksum = crc32(chunk, this.#checksum)
  }

  /** Called once. */
  end(): Digests {
    const headers: Digests = {}
    if (this.#hash) headers['x-amz-content-sha256'] = this.#hash.digest('hex')
    if (this.#checksum !== undefined) {
      headers['x-amz-checksum-crc32'] = base64Of(this.#checksum)
      // Some stores look for a checksum only where they are told of its algorithm.
      headers['x-amz-sdk-checksum-algorithm'] = 'CRC32'
    }
    return headers
  }
}

function base64Of(checksum: number): string {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(checksum)
  return bytes.toString('base64')
}
