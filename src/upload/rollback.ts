import type { Leftover } from '../shared/errors.ts'
import type { StoredUpload, UploadResult } from '../shared/types.ts'
import type { StagedObject } from '../storage/uploader.ts'
import { abortAll } from './commit-files.ts'

/**
 * Adds `rollback()` to the result of an upload. It is not enumerable, so the result has the same JSON as before.
 *
 * @param leftovers where the objects report what they cannot remove
 * @param end aborts the signal of the upload, as before every other removal
 */
export function withRollback(
  result: UploadResult,
  opened: readonly StagedObject[],
  leftovers: readonly Leftover[],
  end: (error: unknown) => void,
): StoredUpload {
  let removal: Promise<Leftover[]> | undefined
  function rollback(): Promise<Leftover[]> {
    if (removal === undefined) {
      end(new Error('The application called rollback().'))
      removal = removeAll(opened, leftovers)
    }
    return removal
  }
  return Object.defineProperty(result, 'rollback', { value: rollback }) as StoredUpload
}

async function removeAll(
  opened: readonly StagedObject[],
  leftovers: readonly Leftover[],
): Promise<Leftover[]> {
  const { length } = leftovers
  await abortAll(opened, [])
  return leftovers.slice(length)
}
