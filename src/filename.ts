const ESCAPES: Record<string, string> = { '%22': '"', '%0A': '\n', '%0D': '\r' }
/** Bytes of UTF-8: what file systems allow. */
const MAX_BYTES = 255

/**
 * The name that the user's file had, out of what a browser made of it: these three escapes are the only ones of
 * https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
 *
 * Empty where what is left is not the name of a file but of a directory: `.` or `..`.
 */
export function cleanFilename(filename: string): string {
  const decoded = filename.replace(/%22|%0A|%0D/g, code => ESCAPES[code] ?? code)
  const name = decoded.replace(/\p{Control}/gu, '').trim()
  return name === '.' || name === '..' ? '' : truncate(name)
}

/** Keeps the extension, which says more than the end of the stem. */
function truncate(name: string): string {
  if (Buffer.byteLength(name) <= MAX_BYTES) return name
  const extension = /\.\w{1,16}$/.exec(name)?.[0] ?? ''
  let stem = ''
  for (const character of name) {
    if (Buffer.byteLength(stem + character + extension) > MAX_BYTES) break
    stem += character
  }
  return stem + extension
}
