import type { Fields, StoredUpload, UploadResult } from '../shared/types.ts'

/**
 * A handler whose type names the result in its response, for `upload<typeof route>()` of `s3-upstream/client`, and the
 * result that it passes on with `respond: false`, for `UploadOf<typeof route>`. The properties exist in types only. They are
 * names, not symbols: the types of two entries must agree on them.
 */
export type UploadRoute<
  Handler,
  Respond extends boolean = true,
  Result = UploadResult,
  Stored = StoredUpload,
> = Handler & { readonly '~stored'?: Stored | undefined } & (Respond extends false
    ? unknown
    : { readonly '~upload'?: { readonly result: Result } | undefined })

/** The result that a route with `respond: false` passes on: `UploadOf<typeof route>`. */
export type UploadOf<Route> = Route extends { readonly '~stored'?: infer Stored }
  ? NonNullable<Stored>
  : StoredUpload

/** Infers `Respond` from the options: a route with `respond: false` has no response of its own. */
export interface Responds<Respond extends boolean> {
  respond?: Respond | undefined
}

/** The body of a 201: what `onStored` returns, or the result if it returns nothing. */
export type ResponseBody<Output, Name extends string, Body> =
  | Json<Exclude<Body, Nothing>>
  | (Nothing extends Body
      ? DefaultBody<Output, Name>
      : undefined extends Body
        ? DefaultBody<Output, Name>
        : never)

// biome-ignore lint/suspicious/noConfusingVoidType: a hook without a return statement.
type Nothing = void | undefined

type DefaultBody<Output, Name extends string> = UploadResult<
  Output extends Fields ? Output : Json<Output>,
  Name
>

/** What becomes of a value in JSON. */
export type Json<Value> = Value extends { toJSON(): infer Replaced }
  ? Json<Replaced>
  : Value extends readonly unknown[]
    ? { [Index in keyof Value]: Json<Value[Index]> }
    : Value extends object
      ? { [Name in keyof Value as Value[Name] extends Unwritten ? never : Name]: Json<Value[Name]> }
      : Value

/** Properties with such a value are missing from JSON. */
type Unwritten = symbol | undefined | ((...args: never) => unknown)
