const ESCAPES: Record<string, string> = { '%22': '"', '%0A': '\n', '%0D': '\r' }
/** UTF-8: the limit of most file systems. */
const MAX_FILENAME_BYTES = 255

/**
 * Restores the name of a field or a file from what a browser made of it. There are only these three escapes:
 * https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
 */
export function unescapeName(name: string): string {
  return name.replace(/%22|%0A|%0D/g, code => ESCAPES[code] ?? code)
}

// Control characters, and those that display a name in another order: "gpj.exe" as "exe.jpg".
const UNWANTED = /\p{Control}|[\u202a-\u202e\u2066-\u2069]/gu

/**
 * Returns the name without directories and control characters, at most 255 bytes. Empty if a directory remains: `.` or
 * `..`.
 */
export function cleanFilename(filename: string): string {
  const name = unescapeName(basename(filename)).replace(UNWANTED, '').trim()
  return name === '.' || name === '..' ? '' : truncate(name)
}

/** Some browsers send paths, of Unix or of Windows. */
function basename(path: string): string {
  return path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1)
}

/** Shortens the stem and keeps the extension. */
function truncate(name: string): string {
  if (Buffer.byteLength(name) <= MAX_FILENAME_BYTES) return name
  const extension = /\.\w{1,16}$/.exec(name)?.[0] ?? ''
  let stem = ''
  for (const character of name) {
    if (Buffer.byteLength(stem + character + extension) > MAX_FILENAME_BYTES) break
    stem += character
  }
  return stem + extension
}
