import type { ResolvedOptions } from '../options/resolve-options.ts'
import { untilAborted } from '../shared/abort-signals.ts'
import { UploadError } from '../shared/errors.ts'
import type { FormResult, UploadContext } from '../shared/types.ts'
import { refused } from '../shared/upload-errors.ts'

/** Errors that the engine throws for mistakes in code. An application throws none of them to refuse a form. */
const BUGS = [TypeError, ReferenceError, RangeError, SyntaxError]

/** Lets the application refuse a whole form while nothing of it is visible. */
export async function validateForm(
  files: FormResult['files'],
  { validate }: ResolvedOptions,
  context: UploadContext,
): Promise<void> {
  if (validate === undefined) return
  const form = { files, fields: context.fields }
  try {
    await untilAborted(async () => validate(form, context), context.signal)
  } catch (error) {
    throw refusalOf(error)
  }
}

/** Returns an error with a status as it is, and a bug as it is. Any other `Error` becomes 422. */
function refusalOf(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof UploadError) return error
  if ('status' in error || 'statusCode' in error || BUGS.some(Bug => error instanceof Bug)) return error
  return refused(error)
}
