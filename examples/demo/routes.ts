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

/** Returns the options of each upload route, for every framework. */
export function createRoutes(storage: Storage, activity: Activity, signal: AbortSignal): Routes {
  const common: StreamToS3Options = {
    bucket: storage.bucket,
    client: storage.client,
    prefix: PREFIX,
    params: withFilename,
    signal,
    onProgress: progress => activity.add(progress),
    onError: error => console.error(String(error)),
  }
  return {
    documents: {
      ...common,
      accept: ['image/*', 'text/*', 'application/pdf'],
      maxFileSize: '10MB',
      maxFiles: 5,
    },
    anything: { ...common, maxFileSize: '5GB', maxFiles: 1 },
  }
}
