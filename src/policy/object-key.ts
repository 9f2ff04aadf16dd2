import { randomUUID } from 'node:crypto'
import { extname } from 'node:path'
import mime from 'mime-types'
import { describe } from '../shared/sizes.ts'
import type { IncomingFile } from '../shared/types.ts'
import { invalidKey } from '../shared/upload-errors.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html */
const MAX_KEY_BYTES = 1024

/** A UUID and an extension that fits the media type: the client's own if it does, else the usual one. */
export function defaultKey({ filename, type }: IncomingFile): string {
  const own = extname(filename).slice(1).toLowerCase()
  const fitting = mime.extensions[type] ?? []
  const extension = fitting.includes(own) ? own : fitting[0]
  return extension ? `${randomUUID()}.${extension}` : randomUUID()
}

/** Returns the whole key, or throws `INVALID_KEY` for one that S3, a proxy or a CDN would refuse or read differently. */
export function checkKey(name: unknown, prefix: string, file: IncomingFile): string {
  const fault = faultOf(name, prefix)
  if (fault) throw invalidKey(file, fault)
  return prefix + name
}

function faultOf(name: unknown, prefix: string): string | undefined {
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
