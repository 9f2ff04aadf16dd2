import { checkFieldName } from '../form/fields.ts'
import type { FilePart } from '../form/read-form.ts'
import type { ResolvedOptions } from '../options/resolve-options.ts'
import { acceptFile } from '../policy/accept.ts'
import { checkKey, defaultKey } from '../policy/object-key.ts'
import { checkParams } from '../policy/object-params.ts'
import { createSizeCounter, type FormBytes } from '../policy/size-limits.ts'
import { statusOf } from '../s3/s3-errors.ts'
import { isThenable, untilAborted } from '../shared/abort-signals.ts'
import type { FormResult, IncomingFile, ObjectParams, UploadContext, UploadedFile } from '../shared/types.ts'
import { alreadyExists, duplicateKey, sizeMismatch, tooManyFiles } from '../shared/upload-errors.ts'
import { byteSource, isEmpty } from '../storage/byte-source.ts'
import { ownerParams } from '../storage/cleanup.ts'
import { partSizeFor } from '../storage/s3-part-size.ts'
import type { StoredObject, UploadScope, UploadTarget } from '../storage/uploader.ts'

/** What the files of one form have in common. */
export interface Form extends FormBytes {
  readonly settings: ResolvedOptions
  readonly context: UploadContext
  readonly scope: Omit<UploadScope, 'onStored'>
  readonly keys: Set<string>
  /** Resolves when the bytes of all files so far have been read; undefined before the first one. */
  turn: Promise<unknown> | undefined
}

export interface StagedFile {
  readonly file: FormResult['files'][number]
  commit(): Promise<UploadedFile>
  abort(): Promise<void>
}

/**
 * The conductor's steps for one file: from the head of its part to S3, where it is not yet visible. Resolves with
 * nothing for a file input in which no file was chosen.
 */
export async function stageFile({ file, stream }: FilePart, form: Form): Promise<StagedFile | undefined> {
  const { settings, scope, turn } = form
  form.turn = new Promise(resolve => stream.once('end', resolve))
  checkFieldName(file.field, settings)
  if (file.filename === '' && (await isEmpty(stream, scope.signal))) {
    stream.resume()
    return undefined
  }
  countFile(file, form)
  acceptFile(file, settings.accept)

  const named = await nameFile(file, form)
  // Files that came in one chunk may be named in another order. The bytes of a later one can come only after those of
  // an earlier one, so that it must not have a buffer that the earlier one waits for.
  if (turn) await untilAborted(() => turn, scope.signal)
  const { partSize, largestSize } = sizesFor(form)
  const target = { partSize, largestSize, ...named }
  const progress = trackProgress(file, form)
  const counter = createSizeCounter(file, form, settings)
  const bytes = byteSource(stream, chunk => {
    counter.add(chunk)
    progress.received(chunk.length)
  })
  const staged = await settings.uploader.stage(bytes, target, { onStored: progress.stored, ...scope })
  const { field, filename, type } = file
  const { bucket, key } = target

  return {
    file: { field, filename, type, bucket, key, size: counter.size },
    async commit() {
      const object = await staged.commit()
      checkSize(object, counter.size, target)
      return { field, filename, type, bucket, key, ...object }
    },
    abort: () => staged.abort(),
  }
}

function countFile(file: IncomingFile, { count, settings: { maxFiles } }: Form): void {
  count.files++
  if (count.files <= maxFiles) return
  throw tooManyFiles(file, maxFiles)
}

type Sizes = Pick<UploadTarget, 'partSize' | 'largestSize'>

async function nameFile(file: IncomingFile, form: Form): Promise<Omit<UploadTarget, keyof Sizes>> {
  const { settings, context, scope } = form
  const { key: keyFor, params: paramsFor, bucket, prefix, ifExists } = settings
  // A hook may wait for what never comes, and the upload must be able to end all the same.
  const name = keyFor ? await untilAborted(async () => keyFor(file, context), scope.signal) : defaultKey(file)
  const key = checkKey(name, prefix, file)
  claimKey(key, file, form.keys)
  const given =
    typeof paramsFor === 'function'
      ? checkParams(await untilAborted(async () => paramsFor(file, context), scope.signal))
      : paramsFor
  const { ContentType, ...params } = given
  const unique = keyFor === undefined
  if (ifExists === 'fail' && !unique) await checkVacant(bucket, key, given, scope)
  return {
    bucket,
    key,
    unique,
    params: { ContentType: ContentType ?? file.type, ...params },
    ifNoneMatch: ifExists === 'fail' ? '*' : undefined,
  }
}

/** The files before this one have come, and are part of what was declared. */
function sizesFor({ settings, count, declaredLength = Number.POSITIVE_INFINITY }: Form): Sizes {
  const largestSize = Math.min(settings.maxFileSize, declaredLength - count.bytes)
  return { partSize: partSizeFor(largestSize, settings.partSize), largestSize }
}

/**
 * An object that is there already is known before gigabytes have come. The commit decides: between here and there
 * another upload may be faster.
 */
async function checkVacant(
  Bucket: string,
  Key: string,
  params: ObjectParams,
  { s3, permits, signal }: Form['scope'],
): Promise<void> {
  try {
    await permits.run(() => s3.headObject({ Bucket, Key, ...ownerParams(params) }), signal)
  } catch (error) {
    // 403 is what S3 says of a missing object to those who may not list the bucket.
    if ([403, 404].includes(statusOf(error) ?? 0)) return
    throw error
  }
  throw alreadyExists()
}

/** Of two files with one key, S3 would keep the one that happens to come last. */
function claimKey(key: string, file: IncomingFile, keys: Set<string>): void {
  if (keys.has(key)) {
    throw duplicateKey(file, key)
  }
  keys.add(key)
}

function trackProgress(file: IncomingFile, { settings: { onProgress }, context, scope: { fail } }: Form) {
  let received = 0
  let stored = 0

  // Called between S3's answer and our account of it: an exception there would lose track of an object.
  function report() {
    try {
      const result: unknown = onProgress?.({ file, received, stored }, context)
      if (isThenable(result)) result.then(undefined, fail)
    } catch (error) {
      fail(error)
    }
  }

  return {
    received(bytes: number) {
      received += bytes
      report()
    },
    stored(bytes: number) {
      stored += bytes
      report()
    },
  }
}

function checkSize(object: StoredObject, size: number, { bucket, key }: UploadTarget): void {
  if (object.size === size) return
  throw sizeMismatch({ Bucket: bucket, Key: key }, object.size, size)
}
