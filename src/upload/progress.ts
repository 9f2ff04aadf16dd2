import { isThenable } from '../shared/abort-signals.ts'
import type { IncomingFile, UploadContext, UploadProgress } from '../shared/types.ts'
import { hookError } from './hook-error.ts'

type OnProgress = (progress: UploadProgress, context: UploadContext) => void

export interface Progress {
  received(bytes: number): void
  stored(bytes: number): void
}

/** Counts the bytes of one file and reports them to `onProgress`. An error of the hook fails the upload. */
export function trackProgress(
  file: IncomingFile,
  onProgress: OnProgress | undefined,
  context: UploadContext,
  fail: (error: unknown) => void,
): Progress {
  let received = 0
  let stored = 0

  const failHook = (thrown: unknown) => fail(hookError('onProgress', thrown))

  // Never throws: the caller has just stored bytes and must remember that.
  function report() {
    try {
      const result: unknown = onProgress?.({ file, received, stored }, context)
      if (isThenable(result)) result.then(undefined, failHook)
    } catch (thrown) {
      failHook(thrown)
    }
  }

  return {
    received(bytes) {
      received += bytes
      report()
    },
    stored(bytes) {
      stored += bytes
      report()
    },
  }
}
