import type { S3Server } from 's3-upstream/testing'
import type { Environment } from '../support/run-program.ts'

/** Makes the SDK's default client, which the examples use, a client of this server. */
export function environmentFor(s3: S3Server): Environment {
  return {
    AWS_ENDPOINT_URL_S3: s3.endpoint,
    AWS_REGION: s3.region,
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
  }
}

export interface TestFile {
  name: string
  type: string
  bytes: string | Uint8Array<ArrayBuffer>
}

/** Posts a form of these fields and then these files, all of them in the field `file`. */
export function post(url: string, files: TestFile[], fields: Record<string, string> = {}): Promise<Response> {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields)) form.append(name, value)
  for (const { name, type, bytes } of files) form.append('file', new File([bytes], name, { type }))
  return fetch(url, { method: 'POST', body: form })
}
