import type { UploadResult } from '../shared/types.ts'

/**
 * A handler whose type names the result in its response, for `upload<typeof route>()` of `s3-upstream/client`. The
 * property exists in types only. It is a name, not a symbol: the types of two entries must agree on it.
 */
export type UploadRoute<
  Handler,
  Respond extends boolean = true,
  Result = UploadResult,
> = Respond extends false
  ? Handler
  : Handler & { readonly '~upload'?: { readonly result: Result } | undefined }

/** Infers `Respond` from the options: a route with `respond: false` has no response of its own. */
export interface Responds<Respond extends boolean> {
  respond?: Respond | undefined
}
