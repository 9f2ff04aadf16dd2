import type { UploadError } from '../shared/errors.ts'
import type { Limits } from '../shared/limits.ts'
import type { IncomingFile } from '../shared/types.ts'
import { fileTooLarge, longerThanDeclared, totalTooLarge } from '../shared/upload-errors.ts'

/** All files of one form so far. */
export interface FormCount {
  files: number
  bytes: number
  /** Files by their fields. */
  readonly byField: Map<string, number>
}

export interface FormBytes {
  readonly count: FormCount
  /** The Content-Length of the request. */
  readonly declaredLength: number | undefined
}

export interface SizeCounter {
  /** Bytes of this file so far. */
  readonly size: number
  /** Throws when a limit is exceeded by one byte. */
  add(chunk: Buffer): void
}

/**
 * Counts the bytes of one file, and adds them to the count of its form.
 *
 * @param maxFileSize bytes of this file
 */
export function createSizeCounter(
  file: IncomingFile,
  form: FormBytes,
  maxFileSize: number,
  { maxTotalSize }: Limits,
): SizeCounter {
  const { count, declaredLength = Number.POSITIVE_INFINITY } = form
  const counter = { size: 0, add }

  function add(chunk: Buffer): void {
    counter.size += chunk.length
    count.bytes += chunk.length
    const excess = Math.max(
      counter.size - maxFileSize,
      count.bytes - maxTotalSize,
      // The declared length determines the size of part buffers. Node enforces it for requests; other streams may
      // exceed it.
      count.bytes - declaredLength,
    )
    if (excess > 0) throw exceededFirst(excess)
  }

  /** One chunk can exceed several limits. The largest excess is of the limit that was exceeded first. */
  function exceededFirst(excess: number): UploadError {
    if (counter.size - maxFileSize === excess) return fileTooLarge(file, maxFileSize)
    if (count.bytes - maxTotalSize === excess) return totalTooLarge(file, maxTotalSize)
    return longerThanDeclared(file)
  }

  return counter
}
