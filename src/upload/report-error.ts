import type { ResolvedOptions } from '../options/resolve-options.ts'
import { isThenable } from '../shared/abort-signals.ts'
import { describeThrown } from '../shared/thrown.ts'
import type { UploadContext } from '../shared/types.ts'

/** Passes an error to `onError`. An error of `onError` must not crash the process. */
export function reportError(error: unknown, context: UploadContext, { onError }: ResolvedOptions): void {
  const warn = (fault: unknown) =>
    process.emitWarning(`onError failed: ${describeThrown(fault)}`, 's3-upstream')
  try {
    const result: unknown = onError?.(error, context)
    if (isThenable(result)) result.then(undefined, warn)
  } catch (fault) {
    warn(fault)
  }
}
