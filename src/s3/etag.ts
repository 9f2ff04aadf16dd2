import { createHash } from 'node:crypto'

/** As this library gives them: without the quotes, which not every store sends. */
export function bareETag(etag: string | undefined): string {
  return (etag ?? '').replaceAll('"', '')
}

/** The ETag of an object stored by PutObject, unless the store encrypts with keys of its own. */
export function etagOfBody(body: Uint8Array): string {
  return createHash('md5').update(body).digest('hex')
}

/** The ETag of an object made of S3 parts, out of theirs, in order. */
export function etagOfParts(etags: readonly (string | undefined)[]): string {
  const md5s = etags.map(etag => Buffer.from(bareETag(etag), 'hex'))
  return `${etagOfBody(Buffer.concat(md5s))}-${etags.length}`
}
