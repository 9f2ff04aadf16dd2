import type { ResolvedOptions } from '../options/resolve-options.ts'
import { dispositionOf } from '../policy/disposition.ts'
import type { FieldRule } from '../policy/field-rules.ts'
import { checkKey, defaultKey } from '../policy/object-key.ts'
import { checkParams } from '../policy/object-params.ts'
import { statusOf } from '../s3/s3-errors.ts'
import type { IncomingFile, ObjectParams } from '../shared/types.ts'
import { alreadyExists, duplicateKey } from '../shared/upload-errors.ts'
import { headObject } from '../storage/object-rollback.ts'
import type { UploadTarget } from '../storage/uploader.ts'
import type { Form, FormScope } from './form-state.ts'
import type { JudgedFile } from './judge-file.ts'
import { runHook } from './run-hook.ts'

type FileName = Omit<UploadTarget, 'partSize' | 'largestSize'>

/**
 * Asks the application for the key and the parameters of a file. Rejects if it may not have this key. Sends at most one
 * request, which stores nothing.
 */
export async function nameFile(
  { file, objectType }: JudgedFile,
  { key: keyFor, params: paramsFor, prefix }: FieldRule,
  { settings, context, scope, keys }: Form,
): Promise<FileName> {
  const { bucket, ifExists, hookTimeout } = settings
  const name = keyFor
    ? await runHook('key', () => keyFor(file, context), scope.signal, hookTimeout)
    : defaultKey(file)
  const key = checkKey(name, prefix, file)
  claimKey(key, file, keys)
  const given =
    typeof paramsFor === 'function'
      ? await runHook(
          'params',
          async () => copyParams(await paramsFor(file, context)),
          scope.signal,
          hookTimeout,
        )
      : paramsFor
  const unique = keyFor === undefined
  if (ifExists === 'fail' && !unique) await checkVacant(bucket, key, given, scope)
  return {
    bucket,
    key,
    unique,
    params: completeParams(given, objectType, file, settings),
    ifNoneMatch: ifExists === 'fail' ? '*' : undefined,
  }
}

/** `params` of the application go before `disposition`, and this before what is safe for the type. */
function completeParams(
  { ContentType, ContentDisposition, ...params }: ObjectParams,
  objectType: string,
  { filename }: IncomingFile,
  { disposition }: ResolvedOptions,
): ObjectParams {
  const type = ContentType ?? objectType
  const shown = ContentDisposition ?? dispositionOf(type, filename, disposition)
  return { ContentType: type, ...(shown !== undefined && { ContentDisposition: shown }), ...params }
}

/** A getter of the object may throw. It runs here, as a part of the hook, and never again. */
function copyParams(params: unknown): ObjectParams {
  return { ...checkParams(params) }
}

/**
 * Fails early, before gigabytes have arrived, if the object exists. The commit decides: another upload may create the
 * object in between.
 */
async function checkVacant(
  bucket: string,
  key: string,
  params: ObjectParams,
  scope: FormScope,
): Promise<void> {
  try {
    await scope.permits.run(() => headObject({ bucket, key, params }, scope), scope.signal)
  } catch (error) {
    // Besides 404: a response to HEAD has no body that says what is wrong, so the request that stores will tell.
    if ((statusOf(error) ?? 500) < 500) return
    throw error
  }
  throw alreadyExists()
}

/** If two files had one key, S3 would keep only the one committed last. */
function claimKey(key: string, file: IncomingFile, keys: Set<string>): void {
  if (keys.has(key)) throw duplicateKey(file, key)
  keys.add(key)
}
