import { createHash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { incompleteBody, S3Error } from '../s3-error.ts'
import type { ChecksumAlgorithm } from '../types.ts'
import { AwsChunkedDecoder } from './aws-chunked.ts'
import { type Checksums, createChecksum } from './checksums.ts'
import type { DeclaredBody } from './declared-body.ts'

export interface Body {
  readonly chunks: Buffer[]
  readonly size: number
  /** In hex. */
  readonly md5: string
  /** The checksums that the client sent, and those requested with `compute`. */
  readonly checksums: Checksums
}

export interface BodySource {
  readonly request: IncomingMessage
  /** Called after the declared size is accepted. */
  sendContinue(): void
}

export interface ReadBodyOptions {
  /** Bytes. */
  maxSize: number
  /** `false` hashes and counts the bytes, then discards them. */
  keep: boolean
  /** Algorithms to compute even if the client sent no such checksum. */
  compute?: readonly ChecksumAlgorithm[]
}

/** Reads a request body. Resolves if the body is complete and matches every hash in the request; rejects otherwise. */
export async function readBody(
  source: BodySource,
  declared: DeclaredBody,
  { maxSize, keep, compute = [] }: ReadBodyOptions,
): Promise<Body> {
  if (declared.size > maxSize) throw tooLarge()
  source.sendContinue()
  const collector = new BodyCollector(declared, compute, keep)
  if (declared.chunked) {
    const decoder = new AwsChunkedDecoder(bytes => collector.add(bytes))
    await consume(source.request, bytes => decoder.write(bytes))
    return collector.finish(decoder.end())
  }
  await consume(source.request, bytes => collector.add(bytes))
  return collector.finish(new Map())
}

/**
 * Passes the body to `onData`. Rejects if `onData` throws or the connection breaks. If `onData` throws, the connection
 * stays open for a response.
 */
function consume(request: IncomingMessage, onData: (bytes: Buffer) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    request.on('data', (bytes: Buffer) => {
      try {
        onData(bytes)
      } catch (error) {
        // Reads and discards the rest, so that the client can receive the response.
        request.removeAllListeners('data')
        request.resume()
        reject(error)
      }
    })
    request.once('end', resolve)
    request.once('error', reject)
  })
}

class BodyCollector {
  readonly #declared: DeclaredBody
  readonly #chunks: Buffer[] = []
  readonly #keep: boolean
  readonly #md5 = createHash('md5')
  readonly #sha256
  readonly #checksums
  #size = 0

  constructor(declared: DeclaredBody, compute: readonly ChecksumAlgorithm[], keep: boolean) {
    this.#declared = declared
    this.#keep = keep
    this.#sha256 = declared.sha256 === undefined ? undefined : createHash('sha256')
    const algorithms = new Set([...declared.checksums.keys(), ...compute])
    if (declared.trailer) algorithms.add(declared.trailer)
    this.#checksums = [...algorithms].map(algorithm => ({ algorithm, checksum: createChecksum(algorithm) }))
  }

  add(bytes: Buffer): void {
    this.#size += bytes.length
    if (this.#size > this.#declared.size) throw incompleteBody()
    this.#md5.update(bytes)
    this.#sha256?.update(bytes)
    for (const { checksum } of this.#checksums) checksum.update(bytes)
    if (this.#keep && bytes.length > 0) this.#chunks.push(bytes)
  }

  finish(trailers: ReadonlyMap<string, string>): Body {
    if (this.#size !== this.#declared.size) throw incompleteBody()
    const md5 = this.#md5.digest()
    this.#verifyHashes(md5)
    const checksums: Checksums = {}
    for (const { algorithm, checksum } of this.#checksums) {
      checksums[algorithm] = checksum.digest()
      verifyChecksum(algorithm, checksums[algorithm], this.#expected(algorithm, trailers))
    }
    return { chunks: this.#chunks, size: this.#size, md5: md5.toString('hex'), checksums }
  }

  #verifyHashes(md5: Buffer): void {
    if (this.#sha256 && this.#sha256.digest('hex') !== this.#declared.sha256) {
      throw new S3Error(
        400,
        'XAmzContentSHA256Mismatch',
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
      )
    }
    if (this.#declared.md5 !== undefined && this.#declared.md5 !== md5.toString('base64')) {
      throw new S3Error(400, 'BadDigest', 'The Content-MD5 you specified did not match what we received.')
    }
  }

  #expected(algorithm: ChecksumAlgorithm, trailers: ReadonlyMap<string, string>): string | undefined {
    if (algorithm !== this.#declared.trailer) return this.#declared.checksums.get(algorithm)
    const value = trailers.get(`x-amz-checksum-${algorithm}`)
    if (value === undefined) {
      throw new S3Error(
        400,
        'MalformedTrailerError',
        'The request contained trailing data that was not well-formed',
      )
    }
    return value
  }
}

function verifyChecksum(algorithm: ChecksumAlgorithm, computed: string, expected: string | undefined): void {
  if (expected === undefined || expected === computed) return
  const name = algorithm.toUpperCase()
  throw new S3Error(400, 'BadDigest', `The ${name} you specified did not match the calculated checksum.`)
}

function tooLarge(): S3Error {
  return new S3Error(400, 'EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size')
}
