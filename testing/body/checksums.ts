import { createHash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { ChecksumAlgorithm } from '../types.ts'
import { CRC_DEFINITIONS, Crc64Nvme, type CrcAlgorithm, combineCrcs, crc32c } from './crc.ts'

export type Checksums = Partial<Record<ChecksumAlgorithm, string>>

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html */
export type ChecksumType = 'COMPOSITE' | 'FULL_OBJECT'

export interface Checksum {
  update(bytes: Buffer): void
  /** Base64, as in the x-amz-checksum-* headers. */
  digest(): string
}

export const CHECKSUM_ALGORITHMS: readonly ChecksumAlgorithm[] = [
  'crc32',
  'crc32c',
  'crc64nvme',
  'sha1',
  'sha256',
]

export function isChecksumAlgorithm(name: string | undefined): name is ChecksumAlgorithm {
  return CHECKSUM_ALGORITHMS.some(algorithm => algorithm === name)
}

export function isCrc(algorithm: ChecksumAlgorithm): algorithm is CrcAlgorithm {
  return Object.hasOwn(CRC_DEFINITIONS, algorithm)
}

export function createChecksum(algorithm: ChecksumAlgorithm): Checksum {
  switch (algorithm) {
    case 'crc32':
      return crc32Checksum(crc32)
    case 'crc32c':
      return crc32Checksum(crc32c)
    case 'crc64nvme': {
      const crc = new Crc64Nvme()
      return { update: bytes => crc.update(bytes), digest: () => toBase64(crc.value(), 64) }
    }
    case 'sha1':
    case 'sha256': {
      const hash = createHash(algorithm)
      return { update: bytes => hash.update(bytes), digest: () => hash.digest('base64') }
    }
  }
}

function crc32Checksum(next: (bytes: Buffer, previous: number) => number): Checksum {
  let crc = 0
  return {
    update(bytes) {
      crc = next(bytes, crc)
    },
    digest: () => toBase64(BigInt(crc), 32),
  }
}

/** Computes the checksum of a whole object from the checksums of its S3 parts, in order. */
export function fullObjectChecksum(
  algorithm: CrcAlgorithm,
  parts: readonly { checksum: string; size: number }[],
): string {
  const crcs = parts.map(({ checksum, size }) => ({ crc: fromBase64(checksum), size }))
  return toBase64(combineCrcs(algorithm, crcs), CRC_DEFINITIONS[algorithm].bits)
}

/** Computes the checksum of the S3 parts' checksums, followed by `-<number of S3 parts>`. */
export function compositeChecksum(algorithm: ChecksumAlgorithm, parts: readonly string[]): string {
  const checksum = createChecksum(algorithm)
  for (const part of parts) checksum.update(Buffer.from(part, 'base64'))
  return `${checksum.digest()}-${parts.length}`
}

function toBase64(value: bigint, bits: 32 | 64): string {
  return Buffer.from(value.toString(16).padStart(bits / 4, '0'), 'hex').toString('base64')
}

function fromBase64(base64: string): bigint {
  return BigInt(`0x${Buffer.from(base64, 'base64').toString('hex')}`)
}
