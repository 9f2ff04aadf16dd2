import type { Headers } from '../http/headers.ts'
import { invalidArgument, invalidRequest, S3Error } from '../s3-error.ts'
import type { ChecksumAlgorithm } from '../types.ts'
import { CHECKSUM_ALGORITHMS, isChecksumAlgorithm } from './checksums.ts'

/** Size, framing and hashes of a request body, as its headers declare them. */
export interface DeclaredBody {
  /** Bytes of content. */
  readonly size: number
  /** True if the body is framed as aws-chunked. */
  readonly chunked: boolean
  /** In hex, from x-amz-content-sha256. Undefined if the payload is unsigned or each chunk has its own signature. */
  readonly sha256?: string
  /** In Base64, from Content-MD5. */
  readonly md5?: string
  /** In Base64, from x-amz-checksum-*. */
  readonly checksums: ReadonlyMap<ChecksumAlgorithm, string>
  /** Algorithm of the checksum in the trailer. */
  readonly trailer?: ChecksumAlgorithm
}

const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD'
const STREAMING_PAYLOADS = [
  'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
]

/** Reads the headers. `payloadHash` is the signed value of x-amz-content-sha256. */
export function readDeclaredBody(headers: Headers, payloadHash: string): DeclaredBody {
  const chunked = STREAMING_PAYLOADS.includes(payloadHash)
  const sha256 = /^[0-9a-f]{64}$/.test(payloadHash) ? payloadHash : undefined
  if (!chunked && sha256 === undefined && payloadHash !== UNSIGNED_PAYLOAD) {
    throw invalidArgument(
      `x-amz-content-sha256 must be ${UNSIGNED_PAYLOAD}, ${STREAMING_PAYLOADS.join(', ')}, or a valid sha256 value.`,
    )
  }
  return {
    size: declaredSize(headers[chunked ? 'x-amz-decoded-content-length' : 'content-length']),
    chunked,
    sha256,
    md5: headers['content-md5'],
    checksums: declaredChecksums(headers),
    trailer: declaredTrailer(headers),
  }
}

function declaredSize(value: string | undefined): number {
  if (value === undefined) {
    throw new S3Error(411, 'MissingContentLength', 'You must provide the Content-Length HTTP header.')
  }
  if (!/^\d{1,15}$/.test(value))
    throw invalidArgument('The content length must be an integer of at most 15 digits')
  return Number(value)
}

function declaredChecksums(headers: Headers): Map<ChecksumAlgorithm, string> {
  const checksums = new Map<ChecksumAlgorithm, string>()
  for (const algorithm of CHECKSUM_ALGORITHMS) {
    const value = headers[`x-amz-checksum-${algorithm}`]
    if (value !== undefined) checksums.set(algorithm, value)
  }
  if (checksums.size > 1) {
    throw invalidRequest(
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    )
  }
  return checksums
}

function declaredTrailer(headers: Headers): ChecksumAlgorithm | undefined {
  const trailer = headers['x-amz-trailer']
  if (trailer === undefined) return undefined
  const algorithm = trailer.toLowerCase().replace(/^x-amz-checksum-/, '')
  if (!isChecksumAlgorithm(algorithm)) {
    throw invalidRequest('The value specified in the x-amz-trailer header is not supported')
  }
  return algorithm
}
