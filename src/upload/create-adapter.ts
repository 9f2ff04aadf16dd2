import type { Framework, S3Upload } from '../http/adapter-types.ts'
import { createUploadRoute, type Exchange, type RouteOutcome } from '../http/upload-route.ts'
import { resolveRoute } from '../options/route-settings.ts'
import { uploadRequest } from './upload-request.ts'

interface Adapter<Kind extends Framework> {
  /** True if the framework has a next handler and an error handler. */
  hasNext: boolean
  /** Makes the handler of one route. `handle` never rejects. */
  createHandler(handle: (exchange: Exchange) => Promise<RouteOutcome>): Kind['handler']
}

/** Makes the `s3Upload` of one framework. */
export function createAdapter<Kind extends Framework>({
  hasNext,
  createHandler,
}: Adapter<Kind>): S3Upload<Kind> {
  function s3Upload(bucket: unknown, options?: object) {
    const settings = resolveRoute(bucket, options)
    return createHandler(createUploadRoute({ upload: uploadRequest, settings, hasNext }))
  }
  return s3Upload as S3Upload<Kind>
}
