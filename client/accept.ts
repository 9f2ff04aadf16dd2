import { invalidOption } from './errors.ts'

/** Types that say nothing about the bytes: only the server can know more. */
const UNKNOWN_TYPES = ['', 'application/octet-stream']

/**
 * Returns media types and extensions in lower case, from an array or from a string as in `<input accept>`. Throws
 * `TypeError` for anything else.
 */
export function parseAccept(accept: string | readonly string[]): string[] {
  const patterns = typeof accept === 'string' ? accept.split(',') : accept
  if (patterns.length && patterns.every(pattern => /^ *(\.|[^/]+\/)[^/]+$/.test(pattern))) {
    return patterns.map(pattern => pattern.trim().toLowerCase())
  }
  throw invalidOption('accept', accept)
}

/** Returns the media type in lower case, without parameters. */
export function mediaType({ type }: File): string {
  return type.split(';')[0]!.trim()
}

/** True if the declared type or the extension matches a pattern, or if the declared type says nothing. */
export function isAccepted(file: File, patterns: readonly string[]): boolean {
  const type = mediaType(file)
  const name = file.name.toLowerCase()
  return (
    UNKNOWN_TYPES.includes(type) ||
    patterns.some(pattern => {
      if (pattern.startsWith('.')) return name.endsWith(pattern)
      return pattern.endsWith('*') ? type.startsWith(pattern.replace(/\*.*/, '')) : type === pattern
    })
  )
}
