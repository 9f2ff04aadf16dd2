import type { UploadedFile } from '../shared/types.ts'
import type { StagedFile } from './stage-file.ts'

/** Commits every file. Resolves, in their order, only when S3 has confirmed all of them. */
export function commitAll(
  staged: readonly StagedFile[],
  fail: (error: unknown) => void,
): Promise<UploadedFile[]> {
  return Promise.all(
    staged.map(async file => {
      try {
        return await file.commit()
      } catch (error) {
        // At once, so that commits still waiting for their turn do not begin.
        fail(error)
        throw error
      }
    }),
  )
}

/** Leaves nothing of these files at S3, whatever state they are in. Never rejects. */
export async function abortAll(staging: readonly Promise<StagedFile | undefined>[]): Promise<void> {
  const settled = await Promise.allSettled(staging)
  await Promise.all(settled.map(outcome => outcome.status === 'fulfilled' && outcome.value?.abort()))
}
