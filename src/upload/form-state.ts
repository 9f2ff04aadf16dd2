import type { ResolvedOptions } from '../options/resolve-options.ts'
import type { FormBytes } from '../policy/size-limits.ts'
import type { SkippedFile, UploadContext } from '../shared/types.ts'
import type { StagedObject, UploadScope } from '../storage/uploader.ts'

/** The files of one form so far. */
export interface FormFiles {
  readonly count: FormBytes['count']
  /** The keys of these files. */
  readonly keys: Set<string>
  /** Every object that an uploader has opened. A failed upload aborts all of them. */
  readonly opened: StagedObject[]
  /** The files that `onFile` has skipped. */
  readonly skipped: SkippedFile[]
}

/** What the files of one form share on their way to S3. */
export type FormScope = Omit<UploadScope, 'onStored'>

/** The state that the files of one form share. */
export interface Form extends FormFiles, FormBytes {
  readonly settings: ResolvedOptions
  readonly context: UploadContext
  readonly scope: FormScope
  readonly fail: (error: unknown) => void
  /** Judges the fields, if they come first. */
  readonly beginFile: () => Promise<void> | undefined
}

export function noFiles(): FormFiles {
  return { count: { files: 0, bytes: 0, byField: new Map() }, keys: new Set(), opened: [], skipped: [] }
}
