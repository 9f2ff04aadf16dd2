import type { Readable } from 'node:stream'
import { checkFieldName } from '../form/fields.ts'
import type { FilePart } from '../form/read-form.ts'
import { admitFile, checkMinSize } from '../policy/file-checks.ts'
import { createDigests } from '../policy/file-digests.ts'
import { createSizeCounter, type SizeCounter } from '../policy/size-limits.ts'
import type { IncomingFile, ReceivedFile, UploadedFile } from '../shared/types.ts'
import { sizeMismatch } from '../shared/upload-errors.ts'
import { byteSource, isEmpty } from '../storage/byte-source.ts'
import { partSizeFor } from '../storage/s3-part-size.ts'
import type {
  ByteSource,
  StagedObject,
  StoredObject,
  UploadScope,
  UploadTarget,
} from '../storage/uploader.ts'
import type { Form } from './form-state.ts'
import { judgeFile } from './judge-file.ts'
import { nameFile } from './name-file.ts'
import { isSkipped } from './on-file.ts'
import { trackProgress } from './progress.ts'

export interface StagedFile {
  readonly file: ReceivedFile
  commit(): Promise<UploadedFile>
}

/**
 * Takes one file from its form part to S3, where it is not visible yet. Resolves with undefined for a file input in
 * which no file was chosen, and for a file that `onFile` has skipped.
 */
export async function stageFile(part: FilePart, form: Form): Promise<StagedFile | undefined> {
  const { settings, context, scope } = form
  const { head, stream } = part
  checkFieldName(part.file.field, settings)
  if (part.file.filename === '' && (await hasNoBytes(part, scope.signal))) {
    stream.resume()
    return undefined
  }
  const fieldsJudged = form.beginFile()
  if (fieldsJudged) await fieldsJudged
  const rule = admitFile(part.file, form.count, settings.fieldRules, settings)
  const judged = await judgeFile(part, rule)
  const { file, maxFileSize } = judged
  const counter = createSizeCounter(file, form, maxFileSize, settings)
  if (await isSkipped(file, head, settings, context)) {
    await skipFile(file, stream, counter, form)
    return undefined
  }
  const named = await nameFile(judged, rule, form)
  const target = Object.assign(named, sizesFor(form, maxFileSize))
  const progress = trackProgress(file, settings.onProgress, context, form.fail)
  const digests = createDigests(settings.digest)
  const object = openObject(target, progress.stored, form)
  const bytes = countedBytes(stream, counter, form, chunk => {
    digests?.add(chunk)
    progress.received(chunk.length)
  })
  await object.stage(bytes)
  checkMinSize(file, counter.size, rule)
  const { contentType: _, ...described } = file
  const { bucket, key } = target
  const digested = digests && { digests: digests.end() }

  return {
    file: { ...described, bucket, key, size: counter.size, ...digested },
    async commit() {
      const stored = await object.commit()
      checkSize(stored, counter.size, target)
      return { ...described, bucket, key, ...stored, ...digested }
    },
  }
}

function hasNoBytes({ head, stream }: FilePart, signal: AbortSignal): Promise<boolean> | boolean {
  return head === undefined ? isEmpty(stream, signal) : head.bytes.length === 0
}

/** Reads a file and drops its bytes. They count for the limits. */
async function skipFile(
  { field, filename, type }: IncomingFile,
  stream: Readable,
  counter: SizeCounter,
  form: Form,
): Promise<void> {
  form.skipped.push({ field, filename, type })
  await countedBytes(stream, counter, form, () => {}).forEachChunk(() => {}, form.scope.signal)
}

function countedBytes(
  stream: Readable,
  counter: SizeCounter,
  form: Form,
  inspect: (chunk: Buffer) => void,
): ByteSource {
  return byteSource(stream, chunk => {
    failAtOnce(() => counter.add(chunk), form)
    inspect(chunk)
  })
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

/** The declared length includes the files before this one, which have been read. */
function sizesFor(
  { settings, count, declaredLength = Number.POSITIVE_INFINITY }: Form,
  maxFileSize: number,
): Pick<UploadTarget, 'partSize' | 'largestSize'> {
  const largestSize = Math.min(maxFileSize, declaredLength - count.bytes)
  return { partSize: partSizeFor(largestSize, settings.partSize), largestSize }
}

function checkSize(object: StoredObject, size: number, { bucket, key }: UploadTarget): void {
  if (object.size === size) return
  throw sizeMismatch({ Bucket: bucket, Key: key }, object.size, size)
}
