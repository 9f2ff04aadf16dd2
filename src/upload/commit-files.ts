import type { UploadedFile } from '../shared/types.ts'
import type { StagedObject } from '../storage/uploader.ts'
import type { StagedFile } from './stage-file.ts'

/** Commits every file. Resolves when S3 has confirmed all of them, in the order of the form. */
export function commitAll(
  staged: readonly StagedFile[],
  fail: (error: unknown) => void,
): Promise<UploadedFile[]> {
  return Promise.all(
    staged.map(async file => {
      try {
        return await file.commit()
      } catch (error) {
        fail(error)
        throw error
      }
    }),
  )
}

/** Removes these objects from S3, in any state. Resolves when nothing of them runs. Never rejects. */
export async function abortAll(
  opened: readonly StagedObject[],
  staging: readonly Promise<unknown>[],
): Promise<void> {
  await Promise.allSettled([...opened.map(object => object.abort()), ...staging])
}
