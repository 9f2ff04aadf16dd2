import type { StreamToS3Options } from 's3-upstream'
import type { Activity } from './activity.ts'
import { PREFIX, withFilename } from './files.ts'
import type { Storage } from './storage.ts'

export interface Routes {
  /** POST /upload */
  documents: StreamToS3Options
  /** POST /upload/anything */
  anything: StreamToS3Options
}

/** The limits of each route. The server enforces them; the page checks them before it sends a file. */
export const LIMITS = {
  '/upload': { accept: ['image/*', 'text/*', 'application/pdf'], maxFileSize: '10MB', maxFiles: 5 },
  '/upload/anything': { maxFileSize: '5GB', maxFiles: 1 },
} satisfies Record<string, Pick<StreamToS3Options, 'accept' | 'maxFileSize' | 'maxFiles'>>

/** Returns the options of each upload route, for every framework. */
export function createRoutes(storage: Storage, activity: Activity, signal: AbortSignal): Routes {
  const common: StreamToS3Options = {
    bucket: storage.bucket,
    client: storage.client,
    prefix: PREFIX,
    params: withFilename,
    signal,
    onProgress: (progress, { request }) => activity.add(progress, request),
    onError(error, { request }) {
      activity.discard(request)
      console.error(String(error))
    },
  }
  return {
    documents: { ...common, ...LIMITS['/upload'] },
    anything: { ...common, ...LIMITS['/upload/anything'] },
  }
}
