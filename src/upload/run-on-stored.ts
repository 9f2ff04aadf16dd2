import type { ResolvedOptions } from '../options/resolve-options.ts'
import type { UploadContext, UploadResult } from '../shared/types.ts'
import { hookError } from './hook-error.ts'

/**
 * Tells the application that S3 has stored every file, and resolves with what it returns. Only its own rejection ends it: no
 * disconnect and no time limit, because it may have committed a transaction meanwhile.
 */
export async function runOnStored(
  result: UploadResult,
  { onStored }: ResolvedOptions,
  context: UploadContext,
): Promise<unknown> {
  if (onStored === undefined) return undefined
  try {
    return await onStored(result, context)
  } catch (thrown) {
    throw hookError('onStored', thrown)
  }
}
