import type { ServerResponse } from 'node:http'
import { pipeline, type Readable } from 'node:stream'
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, NoSuchKey } from '@aws-sdk/client-s3'
import type { IncomingFile, ObjectParams, UploadedFile } from 's3-upstream'
import type { Storage } from './storage.ts'

/** The demo stores, lists and serves only keys with this prefix: the bucket may contain other files. */
export const PREFIX = 's3-upstream-demo/'

const MAX_LISTED = 100

interface ListedFile extends Pick<UploadedFile, 'key' | 'filename' | 'type' | 'size'> {
  /** True if the file can be opened: see `maxKept` of the storage. */
  kept: boolean
}

/** Stores the filename in the object's metadata. It is encoded, because metadata are headers and allow ASCII only. */
export function withFilename({ filename }: IncomingFile): ObjectParams {
  return { Metadata: { filename: Buffer.from(filename).toString('base64url') } }
}

function filenameOf(metadata: Record<string, string> | undefined, key: string): string {
  return metadata?.filename
    ? Buffer.from(metadata.filename, 'base64url').toString()
    : key.slice(PREFIX.length)
}

export async function listFiles({ client, bucket, maxKept }: Storage): Promise<ListedFile[]> {
  const { Contents = [] } = await client.send(
    new ListObjectsV2Command({ Bucket: bucket, Prefix: PREFIX, MaxKeys: MAX_LISTED }),
  )
  const newestFirst = Contents.sort((a, b) => Number(b.LastModified) - Number(a.LastModified))
  return Promise.all(
    newestFirst.map(async ({ Key: key = '', Size: size = 0 }) => {
      // A listing has neither the type nor the metadata.
      const { ContentType: type = '', Metadata } = await client.send(
        new HeadObjectCommand({ Bucket: bucket, Key: key }),
      )
      return { key, filename: filenameOf(Metadata, key), type, size, kept: size <= maxKept }
    }),
  )
}

/** Streams one file to the browser. Returns false if no file has this key. */
export async function sendFile(storage: Storage, key: string, response: ServerResponse): Promise<boolean> {
  if (!key.startsWith(PREFIX)) return false
  const object = await storage.client
    .send(new GetObjectCommand({ Bucket: storage.bucket, Key: key }))
    .catch(error => (error instanceof NoSuchKey ? undefined : Promise.reject(error)))
  if (!object) return false

  const { ContentType: type = '', ContentLength = 0, Metadata, Body } = object
  response.writeHead(200, {
    'Content-Type': type.startsWith('text/') ? `${type}; charset=utf-8` : type,
    'Content-Length': ContentLength,
    'Content-Disposition': disposition(type, filenameOf(Metadata, key)),
    // An uploaded page must not run as a page of this site: no scripts, no origin, no type sniffing.
    'Content-Security-Policy': "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    'X-Content-Type-Options': 'nosniff',
  })
  // If one side disconnects, pipeline() closes the other. No client is left to receive an error.
  pipeline(Body as Readable, response, () => {})
  return true
}

/** https://www.rfc-editor.org/rfc/rfc6266, with the name encoded as in RFC 8187. */
function disposition(type: string, filename: string): string {
  const shown = type.startsWith('image/') || type === 'text/plain' ? 'inline' : 'attachment'
  const encoded = encodeURIComponent(filename).replace(
    /['()*]/g,
    char => `%${char.charCodeAt(0).toString(16)}`,
  )
  return `${shown}; filename*=UTF-8''${encoded}`
}
