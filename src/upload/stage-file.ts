import { checkFieldName } from '../form/fields.ts'
import type { FilePart } from '../form/read-form.ts'
import type { ResolvedOptions } from '../options/resolve-options.ts'
import { acceptFile } from '../policy/accept.ts'
import { checkKey, defaultKey } from '../policy/object-key.ts'
import { checkParams } from '../policy/object-params.ts'
import { createSizeCounter, type FormBytes } from '../policy/size-limits.ts'
import { statusOf } from '../s3/s3-errors.ts'
import type { FormResult, IncomingFile, ObjectParams, UploadContext, UploadedFile } from '../shared/types.ts'
import { alreadyExists, duplicateKey, sizeMismatch, tooManyFiles } from '../shared/upload-errors.ts'
import { byteSource, isEmpty } from '../storage/byte-source.ts'
import { headObject } from '../storage/object-rollback.ts'
import { partSizeFor } from '../storage/s3-part-size.ts'
import type { StagedObject, StoredObject, UploadScope, UploadTarget } from '../storage/uploader.ts'
import { runHook } from './hook-error.ts'
import { trackProgress } from './progress.ts'

/** The state that the files of one form share. */
export interface Form extends FormBytes {
  readonly settings: ResolvedOptions
  readonly context: UploadContext
  readonly scope: Omit<UploadScope, 'onStored'>
  readonly fail: (error: unknown) => void
  readonly keys: Set<string>
  /** Every object that an uploader has opened. A failed upload aborts all of them. */
  readonly opened: StagedObject[]
}

export interface StagedFile {
  readonly file: FormResult['files'][number]
  commit(): Promise<UploadedFile>
}

/**
 * Takes one file from its form part to S3, where it is not visible yet. Resolves with undefined for a file input in
 * which no file was chosen.
 */
export async function stageFile(
  { file, objectType, stream }: FilePart,
  form: Form,
): Promise<StagedFile | undefined> {
  const { settings, context, scope } = form
  checkFieldName(file.field, settings)
  if (file.filename === '' && (await isEmpty(stream, scope.signal))) {
    stream.resume()
    return undefined
  }
  countFile(file, form)
  acceptFile(file, settings.accept)

  const named = await nameFile(file, objectType, form)
  const { partSize, largestSize } = sizesFor(form)
  const target = { partSize, largestSize, ...named }
  const progress = trackProgress(file, settings.onProgress, context, form.fail)
  const object = openObject(target, progress.stored, form)
  const counter = createSizeCounter(file, form, settings)
  const bytes = byteSource(stream, chunk => {
    failAtOnce(() => counter.add(chunk), form)
    progress.received(chunk.length)
  })
  await object.stage(bytes)
  const { contentType: _, ...described } = file
  const { bucket, key } = target

  return {
    file: { ...described, bucket, key, size: counter.size },
    async commit() {
      const stored = await object.commit()
      checkSize(stored, counter.size, target)
      return { ...described, bucket, key, ...stored }
    },
  }
}

/** Opens no object after the upload has failed: it would never be aborted. */
function openObject(target: UploadTarget, onStored: UploadScope['onStored'], form: Form): StagedObject {
  const { settings, scope, opened } = form
  scope.signal.throwIfAborted()
  const object = settings.uploader.open(target, { onStored, ...scope })
  opened.push(object)
  return object
}

/** Before the form goes on: which of two errors is reported must not depend on the chunks. */
function failAtOnce(check: () => void, { fail }: Form): void {
  try {
    check()
  } catch (error) {
    fail(error)
    throw error
  }
}

function countFile(file: IncomingFile, { count, settings: { maxFiles } }: Form): void {
  count.files++
  if (count.files <= maxFiles) return
  throw tooManyFiles(file, maxFiles)
}

type Sizes = Pick<UploadTarget, 'partSize' | 'largestSize'>

async function nameFile(
  file: IncomingFile,
  objectType: string,
  form: Form,
): Promise<Omit<UploadTarget, keyof Sizes>> {
  const { settings, context, scope } = form
  const { key: keyFor, params: paramsFor, bucket, prefix, ifExists } = settings
  const name = keyFor ? await runHook('key', () => keyFor(file, context), scope.signal) : defaultKey(file)
  const key = checkKey(name, prefix, file)
  claimKey(key, file, form.keys)
  const given =
    typeof paramsFor === 'function'
      ? await runHook('params', async () => copyParams(await paramsFor(file, context)), scope.signal)
      : paramsFor
  const { ContentType, ...params } = given
  const unique = keyFor === undefined
  if (ifExists === 'fail' && !unique) await checkVacant(bucket, key, given, scope)
  return {
    bucket,
    key,
    unique,
    params: { ContentType: ContentType ?? objectType, ...params },
    ifNoneMatch: ifExists === 'fail' ? '*' : undefined,
  }
}

/** A getter of the object may throw. It runs here, as a part of the hook, and never again. */
function copyParams(params: unknown): ObjectParams {
  return { ...checkParams(params) }
}

/** The declared length includes the files before this one, which have been read. */
function sizesFor({ settings, count, declaredLength = Number.POSITIVE_INFINITY }: Form): Sizes {
  const largestSize = Math.min(settings.maxFileSize, declaredLength - count.bytes)
  return { partSize: partSizeFor(largestSize, settings.partSize), largestSize }
}

/**
 * Fails early, before gigabytes have arrived, if the object exists. The commit decides: another upload may create the
 * object in between.
 */
async function checkVacant(
  bucket: string,
  key: string,
  params: ObjectParams,
  scope: Form['scope'],
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

function checkSize(object: StoredObject, size: number, { bucket, key }: UploadTarget): void {
  if (object.size === size) return
  throw sizeMismatch({ Bucket: bucket, Key: key }, object.size, size)
}
