import type { FileHead } from '../form/file-head.ts'
import type { ResolvedOptions } from '../options/resolve-options.ts'
import { describe } from '../shared/sizes.ts'
import type { IncomingFile, UploadContext } from '../shared/types.ts'
import { runHook } from './run-hook.ts'

/**
 * Shows a file to the application before it is named. Resolves with true if the application skips it, and rejects if it
 * refuses it.
 */
export async function isSkipped(
  file: IncomingFile,
  head: FileHead | undefined,
  { onFile, hookTimeout }: ResolvedOptions,
  context: UploadContext,
): Promise<boolean> {
  if (onFile === undefined || head === undefined) return false
  // A copy: these bytes go to S3, and the application may keep or change what it gets.
  const peeked = Object.assign({}, file, { head: Buffer.from(head.bytes) })
  const decide = async () => readResult(await onFile(peeked, context))
  return runHook('onFile', decide, context.signal, hookTimeout)
}

function readResult(result: unknown): boolean {
  if (result === undefined) return false
  const { skip } = Object(result) as { skip?: unknown }
  if (typeof skip === 'boolean') return skip
  throw new TypeError(`onFile must return undefined or { skip: true }; it returned ${describe(result)}.`)
}
