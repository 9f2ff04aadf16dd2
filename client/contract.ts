import type { UploadResult } from '../src/shared/types.ts'

/** The answer of a route that is made by `s3Upload()`, when the page does not say which route it is. */
export type DefaultRoute = Answers<UploadResult>

/**
 * Types only: a route that answers with `Result`. What `s3Upload()` returns is one by itself; for a handler that
 * answers on its own, name it: `upload<Answers<{ photo: string }>>('/photos', file)`.
 */
export interface Answers<Result> {
  readonly '~upload'?: { readonly result: Result } | undefined
}

/** What a route answers, `unknown` if its type does not say. */
export type ResultOf<Route> = Route extends { readonly '~upload'?: infer Contract }
  ? NonNullable<Contract> extends { readonly result: infer Result }
    ? Result
    : unknown
  : unknown
