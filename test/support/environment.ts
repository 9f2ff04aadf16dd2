import type { S3Server } from 's3-upstream/testing'
import type { Environment } from './run-program.ts'

/** Makes the SDK's default client of another process a client of this server. */
export function environmentFor(s3: S3Server): Environment {
  return {
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_REGION: s3.region,
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
  }
}
