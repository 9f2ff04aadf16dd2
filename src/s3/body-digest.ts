import { createHash, type Hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { Payload } from './payload.ts'

/** Digests of a body, as headers of the request that carries it. */
export type Digests = Record<string, string>

/**
 * Computes the digests of a body while its bytes arrive. The SDK would compute them when it sends the body: in one
 * step that blocks the event loop, and from the bytes that are then in memory. With our digests, S3 rejects a body
 * that differs from the bytes received.
 */
export class BodyDigest {
  readonly #hash: Hash | undefined
  #checksum: number | undefined

  constructor({ checksum, signed }: Payload) {
    this.#hash = signed ? createHash('sha256') : undefined
    // The SDK computes the checksums of other algorithms.
    this.#checksum = checksum === 'CRC32' ? 0 : undefined
  }

  update(chunk: Buffer): void {
    this.#hash?.update(chunk)
    if (this.#checksum !== undefined) this.#checksum = crc32(chunk, this.#checksum)
  }

  /** Call it once, after the last chunk. */
  end(): Digests {
    const headers: Digests = {}
    if (this.#hash) headers['x-amz-content-sha256'] = this.#hash.digest('hex')
    if (this.#checksum !== undefined) {
      headers['x-amz-checksum-crc32'] = base64Of(this.#checksum)
      // Some stores ignore a checksum without the name of its algorithm.
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
