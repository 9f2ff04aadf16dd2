import { randomUUID } from 'node:crypto'
import { extname } from 'node:path'
import mime from 'mime-types'
import { describe } from '../shared/sizes.ts'
import type { IncomingFile } from '../shared/types.ts'
import { invalidKey } from '../shared/upload-errors.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const MAX_KEY_BYTES = 1024

/**
 * Returns a UUID with an extension that matches the media type: the client's extension if it matches, else the usual
 * one.
 */
export function defaultKey({ filename, type }: IncomingFile): string {
  const claimed = extname(filename).slice(1).toLowerCase()
  const matching = mime.extensions[type] ?? []
  const extension = matching.includes(claimed) ? claimed : matching[0]
  return extension ? `${randomUUID()}.${extension}` : randomUUID()
}

/**
 * Returns the key with its prefix. Throws `INVALID_KEY` if S3, a proxy or a CDN would reject the key or read another
 * one.
 */
export function checkKey(name: unknown, prefix: string, file: IncomingFile): string {
  const problem = problemOf(name, prefix)
  if (problem) throw invalidKey(file, problem)
  return prefix + name
}

function problemOf(name: unknown, prefix: string): string | undefined {
  if (typeof name !== 'string') return `must be a string; key() returned ${describe(name)}`
  if (name === '') return 'must not be empty'
  const key = prefix + name
  const size = Buffer.byteLength(key)
  if (size > MAX_KEY_BYTES) return `must have at most ${MAX_KEY_BYTES} bytes in UTF-8; it has ${size}`
  if (/\p{Surrogate}/u.test(key)) return 'must be well-formed Unicode'
  if (key.split('/').some(segment => segment === '.' || segment === '..')) {
    return 'must not have "." or ".." between its slashes'
  }
  return undefined
}
