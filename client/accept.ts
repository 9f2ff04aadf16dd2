import type { Size } from '../src/shared/sizes.ts'
import { invalidOption } from './errors.ts'
import { parseSize } from './sizes.ts'

/** Types that say nothing about the bytes: only the server can know more. */
const UNKNOWN_TYPES = ['', 'application/octet-stream']

/** Types that run code, which the server accepts only by their names. */
const ACTIVE_TYPE = /html|[+/-]xml|script/

/** Media types and extensions, or sizes by them. */
export type AcceptOption = string | readonly string[] | Readonly<Record<string, Size>>

/** A media type or an extension in lower case, and the bytes that it allows. */
export type Pattern = readonly [name: string, maxFileSize?: number]

/**
 * Returns media types and extensions from an array, from the names of an object, or from a string as in `<input accept>`.
 * Throws `TypeError` for anything else.
 */
export function parseAccept(accept: AcceptOption): Pattern[] {
  const isList = typeof accept === 'string' || Array.isArray(accept)
  const names = typeof accept === 'string' ? accept.split(',') : isList ? accept : Object.keys(accept)
  if (!(names.length && names.every((name: string) => /^ *(\.|[^/]+\/)[^/]+$/.test(name)))) {
    throw invalidOption('accept', accept)
  }
  return names.map((name: string) => [
    name.trim().toLowerCase(),
    isList ? undefined : parseSize('accept', (accept as Record<string, Size>)[name] as Size),
  ])
}

/** Returns the media type in lower case, without parameters. */
export function mediaType({ type }: File): string {
  return type.split(';')[0]!.trim()
}

/**
 * Returns the most specific pattern that the declared type or the extension matches. If the declared type says nothing,
 * the file matches a pattern without a limit.
 */
export function findPattern(file: File, patterns: readonly Pattern[]): Pattern | undefined {
  const type = mediaType(file)
  const name = file.name.toLowerCase()
  const find = (matches: (pattern: string) => boolean) => patterns.find(([pattern]) => matches(pattern))
  if (UNKNOWN_TYPES.includes(type)) return ['']
  return (
    find(pattern => (pattern[0] === '.' ? name.endsWith(pattern) : type === pattern)) ??
    find(
      pattern => pattern.endsWith('/*') && !ACTIVE_TYPE.test(type) && type.startsWith(pattern.slice(0, -1)),
    ) ??
    find(pattern => pattern === '*/*')
  )
}
