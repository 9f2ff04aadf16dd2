import type { Limits } from '../shared/limits.ts'
import type { IncomingFile } from '../shared/types.ts'
import { fileTooLarge, longerThanDeclared, totalTooLarge } from '../shared/upload-errors.ts'

/** Of all files of one form, so far. */
export interface FormCount {
  files: number
  bytes: number
}

export interface FormBytes {
  readonly count: FormCount
  readonly settings: Limits
  /** What the request says of its own length, if it does. */
  readonly declaredLength: number | undefined
}

export interface FileInspector {
  /** Bytes of this file so far. */
  readonly size: number
  /** Throws as soon as a limit is exceeded by one byte. */
  inspect(chunk: Buffer): void
}

/** The one pass over the bytes of a file. */
export function inspectFile(file: IncomingFile, form: FormBytes): FileInspector {
  const { count, settings, declaredLength = Number.POSITIVE_INFINITY } = form
  const { maxFileSize, maxTotalSize } = settings
  const inspector = { size: 0, inspect }

  function inspect(chunk: Buffer): void {
    inspector.size += chunk.length
    count.bytes += chunk.length
    if (inspector.size > maxFileSize) throw fileTooLarge(file, maxFileSize)
    if (count.bytes > maxTotalSize) throw totalTooLarge(file, maxTotalSize)
    // Buffers are sized by what a request declares. Node holds its requests to it, other sources may not.
    if (count.bytes > declaredLength) throw longerThanDeclared(file)
  }

  return inspector
}
