import type { Digests } from './body-digest.ts'

/** The parts of an SDK command and of its request that are used here. */
interface Command {
  input: Input
  middlewareStack: { add(middleware: (next: Next) => Next, options: object): void }
}
type Next = (args: { input: object; request: unknown }) => Promise<unknown>

interface Input {
  Body?: unknown
  ChecksumAlgorithm?: string
}

interface HttpRequest {
  protocol: string
  headers: Record<string, string>
  body?: unknown
}

export interface BodySettings {
  /** Whether the bytes are left out of the signature; undefined for https only, where a checksum goes along. */
  unsignedPayload: boolean | undefined
  /** Of the client: the size from which S3 is asked before a body is sent; true for always. */
  expectContinueHeader?: boolean | number | undefined
}

/**
 * Changes how this one command sends its body, and leaves the client as it is.
 *
 * - Over https its bytes are not hashed for the signature: TLS and a checksum protect them already, and SHA-256 would
 *   be a quarter of all our work. https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 * - It does not wait for `100 Continue`, for which the SDK opens a connection of its own for each request: up to four
 *   round trips, and a TLS handshake, for every S3 part. It is left to those who have set it to `true`.
 *
 * @param digests of the bytes, where they are known already
 */
export function prepareBody<C extends object>(command: C, settings: BodySettings, digests?: Digests): C {
  const { unsignedPayload, expectContinueHeader } = settings
  const { input, middlewareStack } = command as unknown as Command
  if (digests) {
    const { Body, ChecksumAlgorithm } = input
    middlewareStack.add(
      next => args => {
        const { headers, body } = args.request as HttpRequest
        // Middlewares of the client may have put another body in its place, or asked for another checksum.
        const sameAlgorithm = algorithmOf(args.input) === algorithmOf({ ChecksumAlgorithm })
        if (body === Body && sameAlgorithm && !hasChecksum(headers)) Object.assign(headers, digests)
        return next(args)
      },
      // After those of the client, which are first in the same step, and before the SDK makes digests of its own.
      { step: 'build', name: 's3UpstreamDigests', override: true },
    )
  }
  middlewareStack.add(
    next => args => {
      const { protocol, headers } = args.request as HttpRequest
      if (unsignedPayload ?? (protocol === 'https:' && hasChecksum(headers))) {
        headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD'
      }
      if (expectContinueHeader !== true) delete headers.Expect
      return next(args)
    },
    // After the SDK's own, which set headers, and before the signature.
    { step: 'build', priority: 'low', name: 's3UpstreamBody', override: true },
  )
  return command
}

function algorithmOf({ ChecksumAlgorithm }: Input): string {
  return ChecksumAlgorithm ?? 'CRC32'
}

/** Older SDKs, and clients with `requestChecksumCalculation: 'WHEN_REQUIRED'`, send none. */
function hasChecksum(headers: HttpRequest['headers']): boolean {
  return Object.keys(headers).some(name => name.toLowerCase().startsWith('x-amz-checksum-'))
}
