import { acceptFile } from './accept-file.ts'
import { byteSource, isEmpty } from './byte-source.ts'
import { UploadError } from './errors.ts'
import { checkFieldName } from './form-fields.ts'
import { type FormCount, inspectFile } from './inspect-bytes.ts'
import { checkKey, defaultKey } from './object-key.ts'
import { checkParams } from './object-params.ts'
import type { FilePart } from './parse-multipart.ts'
import { partSizeFor } from './part-size.ts'
import type { Settings } from './settings.ts'
import type { IncomingFile, UploadContext, UploadedFile } from './types.ts'
import type { StoredObject, UploadScope, UploadTarget } from './uploader.ts'

/** What the files of one form have in common. */
export interface Form {
  readonly settings: Settings
  readonly context: UploadContext
  readonly scope: Omit<UploadScope, 'onStored'>
  /** What the request says of its own length, if it does. */
  readonly declaredLength: number | undefined
  readonly count: FormCount
  readonly keys: Set<string>
  /** Ends the upload. */
  fail(error: unknown): void
}

export interface StagedFile {
  commit(): Promise<UploadedFile>
  abort(): Promise<void>
}

/**
 * The conductor's steps for one file: from the head of its part to S3, where it is not yet visible. Resolves with
 * nothing for a file input in which no file was chosen. Counts are taken before anything is awaited.
 */
export async function stageFile({ file, stream }: FilePart, form: Form): Promise<StagedFile | undefined> {
  const { settings, scope, count, declaredLength } = form
  checkFieldName(file.field, settings)
  if (file.filename === '' && (await isEmpty(stream, scope.signal))) {
    stream.resume()
    return undefined
  }
  countFile(file, form)
  acceptFile(file, settings.accept)

  const target = await targetFor(file, form)
  const progress = trackProgress(file, form)
  const inspector = inspectFile(file, count, { ...settings, declaredLength })
  const bytes = byteSource(stream, chunk => {
    inspector.inspect(chunk)
    progress.received(chunk.length)
  })
  const staged = await settings.uploader.stage(bytes, target, { ...scope, onStored: progress.stored })

  return {
    async commit() {
      const object = await staged.commit()
      checkSize(object, inspector.size, target)
      return { ...file, bucket: target.bucket, key: target.key, ...object }
    },
    abort: () => staged.abort(),
  }
}

function countFile({ field, filename }: IncomingFile, { count, settings: { maxFiles } }: Form): void {
  count.files++
  if (count.files <= maxFiles) return
  throw new UploadError('TOO_MANY_FILES', `The form has more than ${maxFiles} files.`, {
    field,
    filename,
    limit: maxFiles,
  })
}

async function targetFor(file: IncomingFile, form: Form): Promise<UploadTarget> {
  const { settings, context, declaredLength = Number.POSITIVE_INFINITY } = form
  const name = settings.key ? await settings.key(file, context) : defaultKey(file)
  const key = checkKey(name, settings.prefix, file)
  claimKey(key, file, form.keys)
  const largestSize = Math.min(settings.maxFileSize, declaredLength)
  return {
    bucket: settings.bucket,
    key,
    params: { ContentType: file.type, ...checkParams(await settings.params(file, context)) },
    partSize: partSizeFor(largestSize, settings.partSize),
    largestSize,
  }
}

/** Of two files with one key, S3 would keep the one that happens to come last. */
function claimKey(key: string, { field, filename }: IncomingFile, keys: Set<string>): void {
  if (keys.has(key)) {
    throw new UploadError('DUPLICATE_KEY', `Two files of this form would be stored as "${key}".`, {
      field,
      filename,
    })
  }
  keys.add(key)
}

function trackProgress(file: IncomingFile, { settings: { onProgress }, context, fail }: Form) {
  let received = 0
  let stored = 0

  // Called between S3's answer and our account of it: an exception there would lose track of an object.
  function report() {
    try {
      onProgress?.({ file, received, stored }, context)
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
  throw new UploadError(
    'STORAGE_FAILED',
    `"${key}" in bucket "${bucket}" was stored with ${object.size} bytes, but ${size} came.`,
  )
}
