import { createHash } from 'node:crypto'

/** Returns an ETag without its quotes and its mark as weak. Some stores send no quotes, some no ETag. */
export function bareETag(etag: string | undefined): string {
  return (etag ?? '').replace(/^W\//, '').replaceAll('"', '')
}

/** True for the form that an MD5 has, or the MD5 of the MD5s of S3 parts. S3 Express has other ETags. */
export function isMd5ETag(etag: string | undefined): boolean {
  return /^[0-9a-f]{32}(?:-\d+)?$/.test(bareETag(etag))
}

/** Returns the ETag of an object stored by PutObject. It differs if the store encrypts with keys of its own. */
export function etagOfBody(body: Uint8Array): string {
  return createHash('md5').update(body).digest('hex')
}

/** Returns the ETag of an object made of S3 parts, from their ETags in order. Undefined if one of them is no MD5. */
export function etagOfParts(etags: readonly (string | undefined)[]): string | undefined {
  if (!etags.every(isMd5ETag)) return undefined
  const md5s = etags.map(etag => Buffer.from(bareETag(etag), 'hex'))
  return `${etagOfBody(Buffer.concat(md5s))}-${etags.length}`
}
