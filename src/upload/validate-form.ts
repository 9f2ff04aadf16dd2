import type { ResolvedOptions } from '../options/resolve-options.ts'
import type { FormResult, UploadContext } from '../shared/types.ts'
import { runHook } from './hook-error.ts'

/** Lets the application refuse a whole form while nothing of it is visible. */
export async function validateForm(
  files: FormResult['files'],
  { validate }: ResolvedOptions,
  context: UploadContext,
): Promise<void> {
  if (validate === undefined) return
  const form = { files, fields: context.fields }
  await runHook('validate', () => validate(form, context), context.signal)
}
