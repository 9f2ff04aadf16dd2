import { UploadError } from '../shared/errors.ts'
import { refused } from '../shared/upload-errors.ts'

/** What the engine throws for mistakes in code, and what nobody throws on purpose to refuse a form. */
const BUGS = [TypeError, ReferenceError, RangeError, SyntaxError]

/** What is answered for what `validate` threw: an error with a status as it is, a plain `Error` as 422, a bug as a bug. */
export function refusalOf(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof UploadError) return error
  if ('status' in error || 'statusCode' in error || BUGS.some(Bug => error instanceof Bug)) return error
  return refused(error)
}
