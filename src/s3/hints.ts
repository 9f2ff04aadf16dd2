import { describe } from '../shared/sizes.ts'
import { permissionFor } from './permissions.ts'

/** The members of an SDK error that tell its cause. Errors of the SDK, of S3 and of sockets have different ones. */
interface Failure {
  name: string
  message: string
  /** The code of a socket error. An `AggregateError` of a connection to several addresses has one too. */
  code: string
  status: number
  operation: string | undefined
  /** The region of the bucket, if S3 names it. */
  region: string | undefined
  /** The host that does not resolve. */
  hostname: string | undefined
}

interface Hint {
  applies(failure: Failure): boolean
  /** One sentence or two: what is wrong in the setup, and what to set. */
  text(failure: Failure): string
}

/** A newer command needs settings and middlewares that an older client does not have. */
const OLDER_COPY = /is not found when \w+ \w+ middleware|^config\.\w+ is not a function/

/** True if the SDK could not combine the client with the command, so that it has sent nothing. */
export function isOlderCopy(error: unknown): boolean {
  return OLDER_COPY.test(`${(Object(error) as Error).message}`)
}

const CHECKSUMS_OFF = "Set requestChecksumCalculation: 'WHEN_REQUIRED' for the client"

/** In this order: the first that applies is shown. */
const HINTS: readonly Hint[] = [
  {
    applies: ({ message }) => OLDER_COPY.test(message),
    text: () =>
      'The client is from an older copy of @aws-sdk/client-s3 than the one that s3-upstream loads. ' +
      'Install one version only (see npm ls @aws-sdk/client-s3).',
  },
  {
    applies: ({ message }) => /^Region is missing/.test(message),
    text: () => 'Set AWS_REGION, or `region` of the client.',
  },
  {
    applies: ({ message }) => /^(Invalid region|Region not accepted)/.test(message),
    text: () => "Set AWS_REGION, or `region` of the client, to a name such as 'eu-central-1'.",
  },
  {
    applies: ({ name, message }) =>
      /^(CredentialsProviderError|TokenProviderError)$/.test(name) ||
      /credential.*(not valid|is missing)/i.test(message),
    text: () =>
      'Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, a role for this machine, or `credentials` of the client.',
  },
  {
    applies: ({ name }) => /^(ExpiredToken|ExpiredTokenException|TokenRefreshRequired)$/.test(name),
    text: () =>
      'The session has expired. Renew AWS_SESSION_TOKEN, or use a provider that refreshes credentials.',
  },
  {
    applies: ({ name }) => /^(InvalidAccessKeyId|SignatureDoesNotMatch)$/.test(name),
    text: () =>
      "Check the access key, the secret key, and the client's `region` and `endpoint`. A proxy that changes headers has the same effect.",
  },
  {
    applies: ({ name }) => name === 'NoSuchBucket',
    text: () => "Create the bucket, or correct `bucket` or the client's `endpoint`.",
  },
  {
    applies: ({ name, status, region }) =>
      /^(PermanentRedirect|AuthorizationHeaderMalformed|IllegalLocationConstraintException)$/.test(name) ||
      (status >= 300 && status < 400) ||
      // A response to HEAD has no body.
      (status === 400 && region !== undefined && /^(Unknown|BadRequest|400)/.test(name)),
    text: ({ region }) =>
      region === undefined
        ? "The bucket is in another region. Set AWS_REGION, or `region` of the client, to the bucket's region."
        : `The bucket is in ${describe(region)}. Set AWS_REGION, or \`region\` of the client, to it.`,
  },
  {
    applies: ({ code }) => /^(ENOTFOUND|EAI_AGAIN)$/.test(code),
    text: ({ hostname = '' }) =>
      /\.amazonaws\.com(\.cn)?$/.test(hostname)
        ? "Check the client's `region` and the DNS of this machine."
        : "Check the client's `endpoint`. If the bucket must not be part of the host name, set forcePathStyle: true.",
  },
  {
    applies: ({ code }) => code === 'ECONNREFUSED',
    text: () =>
      "Nothing accepts connections there. Check the client's `endpoint`, and that the store is running.",
  },
  {
    applies: ({ code }) => /^(ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)$/.test(code),
    text: () => "Check the client's `endpoint`, and firewall, proxy and routes of this machine.",
  },
  {
    applies: ({ code, message }) =>
      (code === 'EPROTO' && /wrong version number|packet length too long/i.test(message)) ||
      code.startsWith('HPE_'),
    text: () => 'The `endpoint` of the client probably has the wrong protocol: http:// or https://.',
  },
  {
    applies: ({ code }) => code === 'ERR_TLS_CERT_ALTNAME_INVALID',
    text: () =>
      "The certificate is for another host name. Check the client's `endpoint`; a bucket name with dots needs forcePathStyle: true.",
  },
  {
    applies: ({ code }) => /SELF_SIGNED_CERT|UNABLE_TO_(VERIFY|GET)|CERT_(HAS_EXPIRED|UNTRUSTED)/.test(code),
    text: () => "Trust the store's certificate: set NODE_EXTRA_CA_CERTS to the file of its CA.",
  },
  {
    applies: ({ name }) => /^(RequestTimeTooSkewed|RequestExpired)$/.test(name),
    text: () => 'The clock of this machine is wrong. Synchronize it (NTP).',
  },
  {
    applies: ({ name, message, status }) => refusesChecksums(name, message, status),
    text: () =>
      `The store does not support the SDK's checksums. ${CHECKSUMS_OFF}, and no \`ChecksumAlgorithm\` in \`params\`.`,
  },
  {
    applies: ({ name }) => name === 'XAmzContentSHA256Mismatch',
    text: () =>
      `The store received other bytes than were sent. If every upload fails, the store does not support the SDK's checksums: ${CHECKSUMS_OFF}.`,
  },
  {
    applies: ({ name }) => name === 'AccessControlListNotSupported',
    text: () => 'The bucket has ACLs disabled. Remove `ACL` and `Grant…` from `params`.',
  },
  {
    applies: ({ name }) => name.startsWith('KMS.'),
    text: () =>
      'Check `SSEKMSKeyId`, and that the credentials have kms:GenerateDataKey and kms:Decrypt for this key.',
  },
  {
    applies: ({ message }) => message.includes('Deserialization error'),
    text: () =>
      "The response is not from an S3 API. Check the client's `endpoint`, and proxies between this machine and the store.",
  },
  {
    applies: ({ name, status }) => status === 403 || /^AccessDenied/.test(name),
    text: ({ operation }) => {
      const permission = operation && permissionFor(operation)
      return permission
        ? `Give the credentials ${permission} for this bucket, and check its policy.`
        : 'Check the permissions of the credentials, and the bucket policy.'
    },
  },
]

/**
 * The names that stores have for headers they do not know: `NotImplemented` (R2, GCS), `InvalidArgument` (Backblaze),
 * `InvalidRequest` (R2). Ceph 16 has no message, and 411 for a body of unknown length.
 */
function refusesChecksums(name: string, message: string, status: number): boolean {
  const isUnknown = /^(NotImplemented|InvalidArgument|InvalidRequest|UnsupportedHeader)$/.test(name)
  const namesChecksum = /checksum|x-amz-trailer|STREAMING-|TRAILER/i.test(message)
  return (isUnknown && namesChecksum) || (name === 'MissingContentLength' && status === 411)
}

/**
 * Returns what to set so that a request that failed like this can succeed, or undefined. For the log: the client of
 * the application must not see it.
 */
export function hintFor(cause: unknown, operation?: string): string | undefined {
  const failure = failureOf(cause, operation)
  return HINTS.find(({ applies }) => applies(failure))?.text(failure)
}

function failureOf(cause: unknown, operation: string | undefined): Failure {
  const { name, message, code, hostname, Region, $metadata, $response } = Object(cause) as SdkError
  return {
    name: String(name ?? ''),
    message: String(message ?? ''),
    code: String(code ?? ''),
    status: $metadata?.httpStatusCode ?? 0,
    operation,
    region: Region ?? $response?.headers?.['x-amz-bucket-region'],
    hostname,
  }
}

interface SdkError {
  name?: unknown
  message?: unknown
  code?: unknown
  hostname?: string
  /** In the body of AuthorizationHeaderMalformed. */
  Region?: string
  $metadata?: { httpStatusCode?: number }
  $response?: { headers?: Record<string, string> }
}

/** Appends a hint to the summary of an error, in one line. */
export function withHint(summary: string, hint: string | undefined): string {
  const line = summary.trim().replace(/\s+/g, ' ')
  if (hint === undefined) return line
  return `${/[.!?]$/.test(line) ? line : `${line}.`} ${hint}`
}
