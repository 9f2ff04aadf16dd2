const ESCAPES: Record<string, string> = { '%22': '"', '%0A': '\n', '%0D': '\r' }
/** What file systems allow, and more than any of them needs in characters. */
const LONGEST = 255

/**
 * The name that the user's file had, out of what a browser made of it: these three escapes are the only ones of
 * https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
 */
export function cleanFilename(filename: string): string {
  const decoded = filename.replace(/%22|%0A|%0D/g, code => ESCAPES[code] ?? code)
  return truncate(decoded.replace(/\p{Control}/gu, '').trim())
}

/** Keeps the extension, which says more than the end of the stem. */
function truncate(name: string): string {
  const characters = Array.from(name)
  if (characters.length <= LONGEST) return name
  const extension = /\.[^.]{1,16}$/u.exec(name)?.[0] ?? ''
  return characters.slice(0, LONGEST - extension.length).join('') + extension
}
