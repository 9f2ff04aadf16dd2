const ESCAPES: Record<string, string> = { '%22': '"', '%0A': '\n', '%0D': '\r' }
/** Bytes of UTF-8: what file systems allow. */
const MAX_BYTES = 255

/**
 * A name of a field or a file, out of what a browser made of it: these three escapes are the only ones of
 * https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
 */
export function unescapeName(name: string): string {
  return name.replace(/%22|%0A|%0D/g, code => ESCAPES[code] ?? code)
}

// Control characters, and those that show a name in another order than it has: "gpj.exe" for "exe.jpg".
const UNWANTED = /\p{Control}|[\u202a-\u202e\u2066-\u2069]/gu

/** Empty where what is left is not the name of a file but of a directory: `.` or `..`. */
export function cleanFilename(filename: string): string {
  const name = unescapeName(filename).replace(UNWANTED, '').trim()
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
