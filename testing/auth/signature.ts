import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { encodePath, encodeUri } from '../uri.ts'

export const ALGORITHM = 'AWS4-HMAC-SHA256'

/** The signed part of a request, with the signature parameters that the client sent. */
export interface SignedRequest {
  readonly method: string
  /** Path and query, still percent-encoded. */
  readonly url: string
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly signedHeaders: readonly string[]
  readonly payloadHash: string
  /** In the format of x-amz-date. */
  readonly timestamp: string
  /** `<day>/<region>/s3/aws4_request` */
  readonly scope: string
}

/** Computes the signature. https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
export function signatureOf(request: SignedRequest, secretAccessKey: string): string {
  // Node decodes header values as Latin-1, and S3 hashes the bytes that it received. So a client that signs "ü" in UTF-8
  // and sends it in Latin-1, as Node does, gets SignatureDoesNotMatch.
  const hash = createHash('sha256').update(canonicalRequest(request), 'latin1').digest('hex')
  const stringToSign = [ALGORITHM, request.timestamp, request.scope, hash].join('\n')
  const signingKey = request.scope.split('/').reduce<string | Buffer>(hmac, `AWS4${secretAccessKey}`)
  return hmac(signingKey, stringToSign).toString('hex')
}

export function equalSignatures(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)]
  return left.length === right.length && timingSafeEqual(left, right)
}

function hmac(key: string | Buffer, data: string): Buffer {
  return createHmac('sha256', key).update(data).digest()
}

function canonicalRequest({ method, url, headers, signedHeaders, payloadHash }: SignedRequest): string {
  const queryStart = url.indexOf('?')
  const path = queryStart < 0 ? url : url.slice(0, queryStart)
  const query = queryStart < 0 ? '' : url.slice(queryStart + 1)
  const headerLines = signedHeaders.map(name => {
    const value = Object.hasOwn(headers, name) ? headers[name] : undefined
    return `${name}:${(value ?? '').replace(/ +/g, ' ').replace(/^ | $/g, '')}`
  })
  return [
    method,
    encodePath(decodeURIComponent(path)),
    canonicalQuery(query),
    ...headerLines,
    '',
    signedHeaders.join(';'),
    payloadHash,
  ].join('\n')
}

function canonicalQuery(query: string): string {
  return query
    .split('&')
    .filter(pair => pair !== '' && !pair.startsWith('X-Amz-Signature='))
    .map(pair => {
      const [name = '', ...value] = pair.split('=')
      return [name, value.join('=')].map(value => encodeUri(decodeURIComponent(value)))
    })
    .sort(
      ([nameA = '', valueA = ''], [nameB = '', valueB = '']) =>
        compare(nameA, nameB) || compare(valueA, valueB),
    )
    .map(pair => pair.join('='))
    .join('&')
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
