import { randomUUID } from 'node:crypto'
import type { GetObjectCommandInput } from '@aws-sdk/client-s3'
import { resolveOptions } from './options/resolve-options.ts'
import { s3Requests } from './s3/operations.ts'
import { observeAttempts } from './s3/request-attempts.ts'
import { isPreconditionFailed, requestFailed } from './s3/s3-errors.ts'
import { defaultClient, loadSdk } from './s3/sdk.ts'
import { limitTime, untilGivenUp } from './s3/time-limit.ts'
import type { Duration } from './shared/durations.ts'
import { describe } from './shared/sizes.ts'
import type { ObjectParams, S3ClientLike } from './shared/types.ts'
import { storageTimedOut } from './shared/upload-errors.ts'
import { CheckReport, type CheckStorageResult } from './storage/check-report.ts'
import { TrialObjects } from './storage/trial-objects.ts'

export interface CheckStorageOptions {
  bucket: string
  /** @default one `S3Client` for the process, configured from the environment */
  client?: S3ClientLike | undefined
  /** As in the options of your uploads: credentials may be limited to it. @default none */
  prefix?: string | undefined
  /**
   * As in the options of your uploads: they can need permissions of their own. Parameters of Object Lock are left out,
   * because the objects could not be removed then. @default none
   */
  params?: ObjectParams | undefined
  /** Maximum time of one S3 request, including the SDK's retries. @default '30s' */
  storageTimeout?: Duration | undefined
}

/** No object has it. */
const OTHER_ETAG = '"00000000000000000000000000000000"'

const NOT_CONDITIONAL =
  "The store ignores If-None-Match: with ifExists: 'fail', one of two uploads that race can replace the other's object."
const NOT_CONDITIONAL_DELETE =
  'The store ignores If-Match: a failed upload cannot safely remove an object under a key of the application.'

const BODY = Buffer.from('Written by checkStorage() of s3-upstream. It can be deleted.\n')

/**
 * Tries everything that uploads do with a bucket: writes, reads and removes a small object, and the same with a
 * multipart upload, conditional writes and a conditional delete. For the start of a server, and for stores other than
 * AWS. Uses generated keys under `prefix`, and removes all that it creates, by VersionId. Sends about 20 requests.
 *
 * Resolves for every response of S3. Rejects with a `TypeError` if an option is invalid.
 *
 * @example
 * const { ok, checks } = await checkStorage({ client, bucket: 'my-bucket', prefix: 'uploads/' })
 * if (!ok) console.error(checks.filter(check => !check.ok))
 */
export async function checkStorage(options: CheckStorageOptions): Promise<CheckStorageResult> {
  const settings = checkOptions(options)
  const { bucket, prefix, params, storageTimeout } = settings
  const report = new CheckReport(params)
  const client = settings.client ?? (await report.run('PutObject', defaultClient))
  if (client === undefined) return report.result([])
  const trial = new TrialObjects(s3Requests(client, settings), bucket, params)
  await runChecks(report, trial, prefix, input => getObject(client, input, storageTimeout))
  return report.result(await trial.removeAll())
}

function checkOptions(options: CheckStorageOptions) {
  const { client, bucket, prefix, params, storageTimeout, ...unknown } = Object(
    options,
  ) as CheckStorageOptions
  const names = Object.keys(unknown)
  if (names.length > 0) {
    throw new TypeError(
      `Unknown option ${names.map(describe).join(', ')}. The options are client, bucket, prefix, params, storageTimeout.`,
    )
  }
  if (typeof params === 'function') {
    throw new TypeError(
      'params must be an object here: there is no file for which the function could be called.',
    )
  }
  const resolved = resolveOptions({ client, bucket, prefix, params, storageTimeout: storageTimeout ?? '30s' })
  return { ...resolved, params: withoutLock(resolved.params as ObjectParams) }
}

function withoutLock(params: ObjectParams): ObjectParams {
  const {
    ObjectLockMode: _,
    ObjectLockRetainUntilDate: __,
    ObjectLockLegalHoldStatus: ___,
    ...others
  } = params
  return others
}

function keyUnder(prefix: string): string {
  return `${prefix}s3-upstream-check-${randomUUID()}`
}

type ReadObject = (input: ReturnType<TrialObjects['readInput']>) => Promise<Buffer>

async function runChecks(report: CheckReport, trial: TrialObjects, prefix: string, read: ReadObject) {
  await checkObject(report, trial, keyUnder(prefix), read)
  // Every other request would fail in the same way, some of them only after minutes.
  if (!report.gotNoResponse) await checkMultipart(report, trial, keyUnder(prefix))
}

async function checkObject(report: CheckReport, trial: TrialObjects, key: string, read: ReadObject) {
  const stored = await report.run('PutObject', () => trial.put(key, BODY))
  if (stored === undefined) return
  await report.run('GetObject', async () => {
    const body = await read(trial.readInput(key, stored.VersionId))
    if (!body.equals(BODY))
      throw new Error(`The store returned other bytes (${body.length} of ${BODY.length}).`)
  })
  await report.run('PutObject with If-None-Match', () =>
    expectRefusal(() => trial.put(key, BODY, { IfNoneMatch: '*' }), NOT_CONDITIONAL),
  )
  await report.run('DeleteObject', async () => {
    await trial.remove(key, stored.VersionId)
    const size = await trial.sizeOf(key, stored.VersionId)
    if (typeof size === 'number') throw new Error('The object still exists after DeleteObject.')
  })
}

async function checkMultipart(report: CheckReport, trial: TrialObjects, key: string) {
  const uploadId = await report.run('CreateMultipartUpload', () => trial.createUpload(key))
  if (uploadId === undefined) return
  const part = await report.run('UploadPart', () => trial.uploadPart(key, uploadId, BODY))
  await report.run('ListMultipartUploads', async () => {
    const uploads = await trial.listUploads(key)
    if (!uploads.includes(uploadId)) throw new Error('The store does not list an upload that it has created.')
  })
  await report.run('AbortMultipartUpload', () => trial.abortUpload(key, uploadId))
  if (part === undefined) return
  const completed = await report.run('CompleteMultipartUpload', async () => {
    const output = await completeNew(trial, key)
    const size = await trial.sizeOf(key, output.VersionId)
    if (size !== 'hidden' && size !== BODY.length)
      throw new Error(`The object has ${size} bytes, not ${BODY.length}.`)
    return output
  })
  if (completed === undefined) return
  await report.run('CompleteMultipartUpload with If-None-Match', () =>
    expectRefusal(() => completeNew(trial, key, { IfNoneMatch: '*' }), NOT_CONDITIONAL),
  )
  await report.run('DeleteObject with If-Match', () =>
    expectRefusal(() => trial.delete(key, { IfMatch: OTHER_ETAG }), NOT_CONDITIONAL_DELETE),
  )
}

async function completeNew(trial: TrialObjects, key: string, conditions: { IfNoneMatch?: '*' } = {}) {
  const uploadId = await trial.createUpload(key)
  const part = await trial.uploadPart(key, uploadId, BODY)
  return trial.complete(key, uploadId, part, conditions)
}

/** A store that knows the condition refuses the request. Others perform it. */
async function expectRefusal(request: () => Promise<unknown>, hint: string): Promise<void> {
  try {
    await request()
  } catch (error) {
    if (isPreconditionFailed(error)) return
    throw error
  }
  throw new Error(hint)
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
async function getObject(
  client: S3ClientLike,
  input: GetObjectCommandInput,
  storageTimeout: number,
): Promise<Buffer> {
  const { GetObjectCommand } = await loadSdk()
  const command = new GetObjectCommand(input)
  const limit = limitTime(storageTimeout, undefined)
  const attempts = observeAttempts(command, limit.signal)
  const read = async () => {
    const { Body } = await client.send(command, { abortSignal: limit.signal })
    return Buffer.from((await Body?.transformToByteArray()) ?? [])
  }
  try {
    return await untilGivenUp(read(), limit.signal, attempts)
  } catch (cause) {
    throw limit.signal.aborted
      ? storageTimedOut('GetObject', input, storageTimeout, cause)
      : requestFailed('GetObject', input, cause)
  } finally {
    limit.clear()
  }
}
