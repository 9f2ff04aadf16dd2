/** Percent-encodes all but the unreserved characters of RFC 3986, as SigV4 requires. */
export function encodeUri(value: string): string {
  return encodeURIComponent(value).replace(
    /[!'()*]/g,
    char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}

/** Like `encodeUri`, but keeps slashes. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeUri).join('/')
}
