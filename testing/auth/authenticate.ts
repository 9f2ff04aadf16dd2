import type { Headers } from '../http/headers.ts'
import { accessDenied, invalidRequest, S3Error } from '../s3-error.ts'
import type { S3Credentials } from '../types.ts'
import { ALGORITHM, equalSignatures, signatureOf } from './signature.ts'

const MAX_SKEW_MS = 15 * 60 * 1000
const MAX_EXPIRES_SECONDS = 7 * 24 * 60 * 60

export interface AuthenticatedRequest {
  /** Signed value of x-amz-content-sha256. */
  readonly payloadHash: string
  /** Request headers, and the x-amz-* query parameters of a presigned URL, which replace headers. */
  readonly headers: Headers
}

/** The signature of a request and its parameters, as received and not verified yet. */
interface ReceivedSignature {
  readonly presigned: boolean
  readonly accessKeyId: string
  readonly scope: string
  readonly signedHeaders: readonly string[]
  readonly signature: string
  readonly timestamp: string
  readonly payloadHash: string | undefined
  /** Seconds. 0 unless the URL is presigned. */
  readonly expires: number
}

export interface UnverifiedRequest {
  readonly method: string
  readonly url: string
  readonly query: URLSearchParams
  readonly headers: Headers
}

/** Verifies Signature Version 4 in the Authorization header or in a presigned URL. Accepts any region. */
export function authenticate(request: UnverifiedRequest, credentials: S3Credentials): AuthenticatedRequest {
  const received = request.query.has('X-Amz-Signature')
    ? readQuerySignature(request)
    : readHeaderSignature(request.headers)
  if (received.accessKeyId !== credentials.accessKeyId) {
    throw new S3Error(
      403,
      'InvalidAccessKeyId',
      'The AWS Access Key Id you provided does not exist in our records.',
    )
  }
  verifyTime(received)
  verifySignedHeaders(received, request.headers)
  const { payloadHash } = received
  if (payloadHash === undefined) {
    throw invalidRequest('Missing required header for this request: x-amz-content-sha256')
  }
  const { method, url, headers } = request
  const expected = signatureOf(
    { ...received, method, url, headers, payloadHash },
    credentials.secretAccessKey,
  )
  if (!equalSignatures(expected, received.signature)) {
    throw new S3Error(
      403,
      'SignatureDoesNotMatch',
      'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    )
  }
  return {
    payloadHash,
    headers: received.presigned ? { ...hoistedHeaders(request.query), ...headers } : headers,
  }
}

function readHeaderSignature(headers: Headers): ReceivedSignature {
  const { authorization } = headers
  if (authorization === undefined) throw accessDenied()
  const fields = /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]+)$/.exec(
    authorization,
  )
  if (!fields) {
    throw malformed(
      'AuthorizationHeaderMalformed',
      'The authorization header that you provided is not valid.',
    )
  }
  const [, credential = '', signedHeaders = '', signature = ''] = fields
  return {
    presigned: false,
    ...readCredential(credential, 'AuthorizationHeaderMalformed'),
    signedHeaders: signedHeaders.split(';'),
    signature,
    timestamp: headers['x-amz-date'] ?? '',
    payloadHash: headers['x-amz-content-sha256'],
    expires: 0,
  }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html */
function readQuerySignature({ query, headers }: UnverifiedRequest): ReceivedSignature {
  const code = 'AuthorizationQueryParametersError'
  if (query.get('X-Amz-Algorithm') !== ALGORITHM) {
    throw malformed(code, `X-Amz-Algorithm only supports "${ALGORITHM}"`)
  }
  const expires = Number(query.get('X-Amz-Expires') ?? Number.NaN)
  if (!(expires >= 0 && expires <= MAX_EXPIRES_SECONDS)) {
    throw malformed(code, `X-Amz-Expires must be a number of seconds from 0 to ${MAX_EXPIRES_SECONDS}`)
  }
  return {
    presigned: true,
    ...readCredential(query.get('X-Amz-Credential') ?? '', code),
    signedHeaders: (query.get('X-Amz-SignedHeaders') ?? '').split(';'),
    signature: query.get('X-Amz-Signature') ?? '',
    timestamp: query.get('X-Amz-Date') ?? '',
    payloadHash: query.get('X-Amz-Content-Sha256') ?? headers['x-amz-content-sha256'] ?? 'UNSIGNED-PAYLOAD',
    expires,
  }
}

/** Parses `<access key id>/<scope>`. The access key id can contain slashes. */
function readCredential(credential: string, code: string) {
  const fields = /^(.+)\/(\d{8}\/[^/]+\/s3\/aws4_request)$/.exec(credential)
  if (!fields)
    throw malformed(
      code,
      'The Credential is mal-formed; expecting "<key>/YYYYMMDD/<region>/s3/aws4_request".',
    )
  const [, accessKeyId = '', scope = ''] = fields
  return { accessKeyId, scope }
}

function verifyTime({ presigned, timestamp, scope, expires }: ReceivedSignature): void {
  const iso = timestamp.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z')
  const age = Date.now() - Date.parse(iso)
  if (Number.isNaN(age) || !timestamp.startsWith(scope.slice(0, 8))) {
    throw accessDenied('AWS authentication requires a valid date that matches the credential scope')
  }
  if (presigned) {
    if (age > expires * 1000) throw accessDenied('Request has expired')
    if (age < -MAX_SKEW_MS) throw accessDenied('Request is not valid yet')
  } else if (Math.abs(age) > MAX_SKEW_MS) {
    throw new S3Error(
      403,
      'RequestTimeTooSkewed',
      'The difference between the request time and the current time is too large.',
    )
  }
}

function verifySignedHeaders({ signedHeaders }: ReceivedSignature, headers: Headers): void {
  const unsigned = Object.keys(headers).filter(
    // The signature covers the payload hash even if the list of signed headers omits it.
    name => name.startsWith('x-amz-') && name !== 'x-amz-content-sha256' && !signedHeaders.includes(name),
  )
  if (!signedHeaders.includes('host')) unsigned.unshift('host')
  if (unsigned.length === 0) return
  throw new S3Error(403, 'AccessDenied', 'There were headers present in the request which were not signed', {
    elements: { HeadersNotSigned: unsigned.join(', ') },
  })
}

/**
 * Returns the x-amz-* query parameters that replace headers. Excludes checksums: the SDK adds the checksum of an empty
 * body to every URL that it presigns for an upload.
 */
function hoistedHeaders(query: URLSearchParams): Headers {
  const hoisted = [...query].filter(
    ([name]) => name.startsWith('x-amz-') && !/^x-amz-(checksum|sdk-checksum)-/.test(name),
  )
  return Object.fromEntries(hoisted)
}

function malformed(code: string, message: string): S3Error {
  return new S3Error(400, code, message)
}
