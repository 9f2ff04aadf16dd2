import type { UploadResult } from '../shared/types.ts'

/**
 * A handler whose type says what it answers, for `upload<typeof route>()` of `s3-upstream/client`. The property exists
 * in types only. A name, not a symbol: types of two entries must agree on it.
 */
export type UploadRoute<
  Handler,
  Respond extends boolean = true,
  Result = UploadResult,
> = Respond extends false
  ? Handler
  : Handler & { readonly '~upload'?: { readonly result: Result } | undefined }

/** Finds `Respond` out: a route that hands its result on answers nothing of its own. */
export interface Responds<Respond extends boolean> {
  respond?: Respond | undefined
}
