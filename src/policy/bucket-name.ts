import { describe } from '../shared/sizes.ts'

/** Access points, outposts and Object Lambda: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html */
const ARN = /^arn:[^\s\p{C}]+$/u

/** Characters that end the bucket in a URL, or that no bucket can have. A colon separates a tenant from a bucket (Ceph). */
const IMPOSSIBLE = /[\s\p{C}/\\?#]/u

const RULES = 'https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html'

let hasWarned = false

/**
 * Returns the name of a bucket, an alias or an ARN. Throws `TypeError` for what cannot be one, and says what to write.
 * Stores differ in what else they accept, so S3 decides about the rest. Upper case only emits a process warning, once:
 * old buckets and other stores have it.
 */
export function checkBucketName(value: unknown, name: string): string {
  const problem = problemOf(value)
  if (problem !== undefined) throw invalidBucket(`${name} ${problem}`)
  const bucket = value as string
  if (/[A-Z]/.test(bucket) && !ARN.test(bucket)) warnOnce(name, bucket)
  return bucket
}

function problemOf(value: unknown): string | undefined {
  if (typeof value !== 'string' || value === '')
    return `must be a non-empty string; it is ${describe(value)}.`
  if (ARN.test(value)) return undefined
  const given = `it is ${describe(value)}`
  const [, scheme, path = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(value) ?? []
  if (scheme?.toLowerCase() === 's3') return `must be a name, not a URL; ${given}.${adviceFor(path)}`
  if (scheme !== undefined) {
    return `must be a name, not a URL; ${given}. The URL of a store is the \`endpoint\` of the client.`
  }
  if (value.includes('/')) return `must be a name without slashes; ${given}.${adviceFor(value)}`
  if (IMPOSSIBLE.test(value) || value === '.' || value === '..') {
    return `must be a name without blanks and special characters (${RULES}); ${given}.`
  }
  return undefined
}

/** Splits a path into the options that it should have been. */
function adviceFor(path: string): string {
  const [bucket = '', ...rest] = path.split('/').filter(segment => segment !== '')
  if (bucket === '' || IMPOSSIBLE.test(bucket)) return ''
  const prefix = rest.length > 0 ? `, prefix: ${describe(`${rest.join('/')}/`)}` : ''
  return ` Write bucket: ${describe(bucket)}${prefix}.`
}

function warnOnce(name: string, bucket: string): void {
  if (hasWarned) return
  hasWarned = true
  process.emitWarning(
    `${name} ${describe(bucket)} has upper case letters, which S3 refuses: ${RULES}`,
    's3-upstream',
  )
}

/** Nothing was stored. So code that reports the leftovers of every failed upload can also read this error. */
function invalidBucket(message: string): TypeError & { leftovers: readonly [] } {
  return Object.assign(new TypeError(message), { leftovers: [] as const })
}
