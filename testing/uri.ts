/** Percent-encodes all but the unreserved characters of RFC 3986, as S3 and SigV4 want it. */
export function encodeUri(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** Like `encodeUri`, but leaves the slashes of a key. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeUri).join('/')
}
