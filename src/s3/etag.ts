import { createHash } from 'node:crypto'

/** Returns an ETag without its quotes. Some stores send none. */
export function bareETag(etag: string | undefined): string {
  return (etag ?? '').replaceAll('"', '')
}

/** Returns the ETag of an object stored by PutObject. It differs if the store encrypts with keys of its own. */
export function etagOfBody(body: Uint8Array): string {
  return createHash('md5').update(body).digest('hex')
}

/** Returns the ETag of an object made of S3 parts, from their ETags in order. */
export function etagOfParts(etags: readonly (string | undefined)[]): string {
  const md5s = etags.map(etag => Buffer.from(bareETag(etag), 'hex'))
  return `${etagOfBody(Buffer.concat(md5s))}-${etags.length}`
}
