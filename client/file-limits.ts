import { findPattern, mediaType, parseAccept } from './accept.ts'
import { UploadError, type UploadErrorDetails } from './errors.ts'
import type { FormFile } from './form.ts'
import { formatSize, parseSize } from './sizes.ts'
import type { FileLimits } from './types.ts'

/**
 * Throws the error with which the server would refuse this file: the same code, status and words. `index` is the number
 * of files before it.
 */
export function checkFile({ file, field }: FormFile, index: number, limits: FileLimits): void {
  const maxFiles = parseSize('maxFiles', limits.maxFiles ?? Infinity)
  const ofFiles = parseSize('maxFileSize', limits.maxFileSize ?? Infinity)
  const patterns = parseAccept(limits.accept ?? '*/*')
  const pattern = findPattern(file, patterns)
  const maxFileSize = pattern?.[1] ?? ofFiles
  const filename = file.name
  const name = filename || `The file of field "${field}"`

  function refuse(code: string, title: string, message: string, details: UploadErrorDetails): never {
    throw new UploadError(code, message, { title, status: 413, field, filename, ...details })
  }

  if (index >= maxFiles) {
    const message = `The form has more than ${maxFiles} files.`
    refuse('TOO_MANY_FILES', 'Too many files', message, { limit: maxFiles })
  }
  if (!pattern) {
    const accept = patterns.map(([name]) => name)
    const message = `${name} is ${mediaType(file)}, which is not accepted. Accepted types: ${accept.join(', ')}.`
    refuse('TYPE_NOT_ACCEPTED', 'File type not accepted', message, { status: 415, allowed: accept })
  }
  if (file.size > maxFileSize) {
    const message = `${name} is larger than ${formatSize(maxFileSize)}.`
    refuse('FILE_TOO_LARGE', 'File too large', message, { limit: maxFileSize })
  }
}
