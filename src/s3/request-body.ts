import type { Digests } from './body-digest.ts'
import type { Command, HttpRequest, Next } from './middleware.ts'
import { isSigned } from './payload.ts'

interface Input {
  Body?: unknown
  ChecksumAlgorithm?: string
}

export interface BodySettings {
  /** The option of that name. */
  unsignedPayload: boolean | undefined
  /** The client's setting: the size from which the SDK sends `Expect: 100-continue`. `true` means always. */
  expectContinueHeader?: boolean | number | undefined
}

/** After the client's middlewares, which are first in the same step, and before the SDK computes its own digests. */
const BEFORE_SDK_DIGESTS = { step: 'build', name: 's3UpstreamDigests', override: true }

/** After the SDK's middlewares, which set headers, and before the signature. */
const BEFORE_SIGNATURE = { step: 'build', priority: 'low', name: 's3UpstreamBody', override: true }

/**
 * Changes how one command sends its body. Only the command's own middlewares change, never the client's.
 *
 * - The command sends the digests computed while the bytes arrived, so the SDK does not compute them again.
 * - The payload is unsigned if `isSigned` says so. Only the request knows an endpoint from the environment, and the
 *   checksum that it really has, so the rule is applied to these.
 * - The command does not wait for `100 Continue`: the SDK opens a new connection for each such request. This adds up to
 *   four round trips and a TLS handshake to each S3 part. Clients with `expectContinueHeader: true` still wait.
 */
export function prepareBody<C extends object>(command: C, settings: BodySettings, digests?: Digests): C {
  const { input, middlewareStack } = command as unknown as Command
  if (digests) middlewareStack.add(withDigests(input as Input, digests), BEFORE_SDK_DIGESTS)
  middlewareStack.add(withSettings(settings), BEFORE_SIGNATURE)
  return command
}

/** The client's middlewares can replace the body or ask for another checksum. The SDK then computes the digests. */
function withDigests({ Body, ChecksumAlgorithm = 'CRC32' }: Input, digests: Digests) {
  return (next: Next): Next =>
    args => {
      const { headers, body } = args.request as HttpRequest
      const { ChecksumAlgorithm: wanted = 'CRC32' } = args.input as Input
      if (body === Body && wanted === ChecksumAlgorithm && !hasChecksum(headers)) {
        Object.assign(headers, digests)
      }
      return next(args)
    }
}

function withSettings({ unsignedPayload, expectContinueHeader }: BodySettings) {
  return (next: Next): Next =>
    args => {
      const { protocol, headers } = args.request as HttpRequest
      if (isSigned(unsignedPayload, protocol, hasChecksum(headers)) === false) {
        headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD'
      }
      if (expectContinueHeader !== true) delete headers.Expect
      return next(args)
    }
}

function hasChecksum(headers: HttpRequest['headers']): boolean {
  return Object.keys(headers).some(name => name.toLowerCase().startsWith('x-amz-checksum-'))
}
