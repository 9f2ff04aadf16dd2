import type { ResolvedOptions } from '../options/resolve-options.ts'
import type { FormResult, UploadContext } from '../shared/types.ts'
import { runHook } from './run-hook.ts'

/** Lets the application refuse a whole form while nothing of it is visible. */
export async function validateForm(
  form: FormResult,
  { validate, hookTimeout }: ResolvedOptions,
  context: UploadContext,
): Promise<void> {
  if (validate === undefined) return
  await runHook('validate', () => validate(form, context), context.signal, hookTimeout)
}
