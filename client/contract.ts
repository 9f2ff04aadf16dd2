import type { UploadResult } from '../src/shared/types.ts'

/** The route type of `upload()` and `uploadEach()` by default: the response of `s3Upload()`. */
export type DefaultRoute = Answers<UploadResult>

/**
 * A route that responds with `Result`; exists in types only. The type of `s3Upload()` includes it. For a handler that
 * writes its own response, pass it explicitly: `upload<Answers<{ photo: string }>>('/photos', file)`.
 */
export interface Answers<Result> {
  readonly '~upload'?: { readonly result: Result } | undefined
}

/** The response body of a route; `unknown` if the type of the route does not declare it. */
export type ResultOf<Route> = Route extends { readonly '~upload'?: infer Contract }
  ? NonNullable<Contract> extends { readonly result: infer Result }
    ? Result
    : unknown
  : unknown
