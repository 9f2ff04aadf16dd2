import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3'
import { bareETag, isMd5ETag } from '../s3/etag.ts'
import { attemptsOf, type RequestAttempts } from '../s3/request-attempts.ts'

/** What an upload knows of the object that its commit makes. */
export interface ExpectedObject {
  /** Bytes. */
  readonly size: number
  /** Returns the ETag that an object with these bytes has at a store whose ETags are MD5s, if it can be computed. */
  etag(): string | undefined
  /** The CreateMultipartUpload of the object: AWS takes its time as LastModified. Undefined for a PutObject. */
  readonly creation: RequestAttempts | undefined
}

/** What S3 said of the object in the response to the commit, and when. */
export interface ConfirmedObject {
  etag: string
  versionId: string | undefined
  attempts: RequestAttempts | undefined
}

/**
 * - `same`: the bytes, and the time at which this upload stored them. Another upload that stored the same bytes in the
 *   same second cannot be told apart.
 * - `alike`: the same bytes, stored at another time, or at one that S3 does not tell.
 * - `other`: another object.
 */
export type Likeness = 'same' | 'alike' | 'other'

/** Compares the object under the key with the one that the commit made, if S3 confirmed it, or has perhaps made. */
export function compareObject(
  head: HeadObjectCommandOutput,
  expected: ExpectedObject,
  commit: RequestAttempts | undefined,
  confirmedETag?: string,
): Likeness {
  if (head.ContentLength !== undefined && head.ContentLength !== expected.size) return 'other'
  const etag = confirmedETag ?? (hasMd5(head) ? expected.etag() : undefined)
  if (etag !== undefined && bareETag(head.ETag) !== etag) return 'other'
  const likeness = compareTime(head, expected, commit, confirmedETag !== undefined)
  // A clock on the way to S3 can be wrong, a confirmed ETag cannot.
  return likeness === 'other' && confirmedETag !== undefined ? 'alike' : likeness
}

/** True if S3 stored the object before this upload began, so that it cannot cover a version of this upload. */
export function isOlder(
  head: HeadObjectCommandOutput,
  { creation }: ExpectedObject,
  commit: RequestAttempts | undefined,
): boolean {
  const stored = head.LastModified?.getTime()
  const begun = commit && attemptsOf(head)?.serverTime((creation ?? commit).startedAt)
  return stored !== undefined && begun !== undefined && stored < begun - MAX_CLOCK_SKEW_MS
}

/** The ETag of an object that the store encrypts with a key of its own is no MD5, although it has the form of one. */
function hasMd5({ ETag, ServerSideEncryption, SSECustomerAlgorithm }: HeadObjectCommandOutput): boolean {
  return isMd5ETag(ETag) && !ServerSideEncryption?.startsWith('aws:') && SSECustomerAlgorithm === undefined
}

/** S3 tells times in whole seconds, and a response takes its time. */
const CLOCK_TOLERANCE_MS = 2_000

/** The Date of a response can come from a proxy or a gateway with another clock. S3 rejects requests whose clock differs more. */
export const MAX_CLOCK_SKEW_MS = 15 * 60_000

/** LastModified is a time of S3's clock: when a PutObject or the CreateMultipartUpload began, or when the object was made. */
function compareTime(
  head: HeadObjectCommandOutput,
  { creation }: ExpectedObject,
  commit: RequestAttempts | undefined,
  isConfirmed: boolean,
): Likeness {
  const stored = head.LastModified?.getTime()
  const clock = attemptsOf(head)
  if (stored === undefined || clock === undefined || commit === undefined) return 'alike'
  const begun = clock.serverTime((creation ?? commit).startedAt)
  const sent = clock.serverTime(commit.startedAt)
  if (begun === undefined || sent === undefined) return 'alike'
  if (stored < begun - MAX_CLOCK_SKEW_MS) return 'other'
  if (stored < begun - CLOCK_TOLERANCE_MS) return 'alike'
  const last = isConfirmed ? commit.serverDate : Number.POSITIVE_INFINITY
  if (last === undefined || stored > last) return 'alike'
  if (creation === undefined || stored >= sent - CLOCK_TOLERANCE_MS) return 'same'
  return creation.serverDate !== undefined && stored <= creation.serverDate ? 'same' : 'alike'
}
