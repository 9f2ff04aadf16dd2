import type { HeadObjectCommandOutput } from '@aws-sdk/client-s3'
import { bareETag } from '../s3/etag.ts'
import { attemptsOf, hadLostAttempt, type RequestAttempts } from '../s3/request-attempts.ts'
import { isNoSuchUpload, isPreconditionFailed } from '../s3/s3-errors.ts'
import { type ConfirmedObject, compareObject, type ExpectedObject } from './expected-object.ts'
import { nameDoubtful, removeConfirmed, removeOwned, removeVersion } from './object-rollback.ts'
import type { UploadScope, UploadTarget } from './uploader.ts'

/**
 * What is known after the one request that makes an object visible. S3 can make the object although its response is lost,
 * so a request that failed may have succeeded.
 *
 * | the request | outcome |
 * |---|---|
 * | confirmed with an ETag | `stored` |
 * | confirmed without an ETag: Ceph 16 does, and what is not S3 | `stored` if HeadObject shows the same object, else `unknown` |
 * | every attempt was rejected, or never reached S3 | `nothing` |
 * | an attempt was lost, and the next one met its effect: 412, NoSuchUpload | `found` if HeadObject shows the same object, else `unknown` |
 * | anything else: no response, 5xx, a page in place of a response | `unknown` |
 *
 * What a rollback then does:
 *
 * | outcome | under a generated key | under a key of the application |
 * |---|---|---|
 * | `nothing` | – | – |
 * | `stored` with a version id | removes that version | removes that version |
 * | `stored` without one, or as version `null` | removes the object | removes the object only if it is the same, and if S3 is known to delete on a condition; names it if it is the same or alike; leaves another object alone |
 * | `found`, `unknown`, and what lost attempts before `stored` may have made | removes every object | removes nothing; names the object unless it is another one, and the key if a later version may cover that of this upload |
 */
export type CommitOutcome =
  | { kind: 'nothing' }
  | { kind: 'stored'; object: ConfirmedObject; hadLostAttempt: boolean }
  | { kind: 'found'; object: ConfirmedObject }
  | { kind: 'unknown'; cause: unknown }

export interface CommitOutput {
  ETag?: string | undefined
  VersionId?: string | undefined
}

/** Reads the object under the key: the version, if one is given. */
export type ReadHead = (versionId?: string) => Promise<HeadObjectCommandOutput>

/** Judges a request that S3 has confirmed. */
export async function judgeResponse(
  output: CommitOutput,
  expected: ExpectedObject,
  readHead: ReadHead,
): Promise<CommitOutcome> {
  const { ETag, VersionId: versionId } = output
  const attempts = attemptsOf(output)
  const stored = (etag: string): CommitOutcome => {
    return { kind: 'stored', object: { etag, versionId, attempts }, hadLostAttempt: hadLostAttempt(output) }
  }
  if (bareETag(ETag) !== '') return stored(bareETag(ETag))
  try {
    const head = await readHead(versionId)
    const isThere = head.ETag !== undefined && compareObject(head, expected, attempts) !== 'other'
    return isThere ? stored(bareETag(head.ETag)) : { kind: 'unknown', cause: undefined }
  } catch (cause) {
    return { kind: 'unknown', cause }
  }
}

/** Judges a request that failed. */
export async function judgeError(
  error: unknown,
  expected: ExpectedObject,
  readHead: ReadHead,
): Promise<CommitOutcome> {
  if (!hadLostAttempt(error)) return { kind: 'nothing' }
  const unknown: CommitOutcome = { kind: 'unknown', cause: error }
  if (!isPreconditionFailed(error) && !isNoSuchUpload(error)) return unknown
  try {
    const head = await readHead()
    const attempts = attemptsOf(error)
    if (compareObject(head, expected, attempts) !== 'same') return unknown
    return { kind: 'found', object: { etag: bareETag(head.ETag), versionId: head.VersionId, attempts } }
  } catch {
    return unknown
  }
}

/** Removes what the request has made. Never rejects; reports what it cannot remove, and what may be ours. */
export async function rollBack(
  outcome: CommitOutcome,
  expected: ExpectedObject,
  target: UploadTarget,
  scope: UploadScope,
): Promise<void> {
  if (outcome.kind === 'nothing') return
  if (outcome.kind === 'stored') {
    const { versionId } = outcome.object
    if (versionId !== undefined && versionId !== 'null') await removeVersion(versionId, target, scope)
    else if (target.unique) await removeOwned(target, scope)
    else await removeConfirmed(outcome.object, expected, target, scope)
    // An attempt whose response was lost may have made a version of its own.
    if (!outcome.hadLostAttempt) return
  }
  if (target.unique) await removeOwned(target, scope)
  else await nameDoubtful(expected, attemptsFor(outcome), target, scope)
}

function attemptsFor(outcome: Exclude<CommitOutcome, { kind: 'nothing' }>): RequestAttempts | undefined {
  return outcome.kind === 'unknown' ? attemptsOf(outcome.cause) : outcome.object.attempts
}
