import { S3Error } from '../s3-error.ts'
import type { ObjectContent } from '../store/objects.ts'

/** Includes both ends. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** Returns undefined without a range, or for a format that the server ignores. Throws `InvalidRange`. */
export function parseRange(header: string | undefined, size: number): ByteRange | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? []
  if (first === undefined || last === undefined || first + last === '') return undefined
  const range =
    first === ''
      ? { start: Math.max(0, size - Number(last)), end: size - 1 }
      : { start: Number(first), end: last === '' ? size - 1 : Math.min(Number(last), size - 1) }
  if (range.start > range.end) {
    throw new S3Error(416, 'InvalidRange', 'The requested range is not satisfiable', {
      headers: { 'content-range': `bytes */${size}` },
      elements: { ActualObjectSize: String(size) },
    })
  }
  return range
}

/** Returns the range of one S3 part. An object from PutObject has one part, number 1. */
export function partRange(content: ObjectContent, partNumber: number): ByteRange {
  const sizes = content.parts ?? [content.size]
  const size = sizes[partNumber - 1]
  if (size === undefined) {
    throw new S3Error(416, 'InvalidPartNumber', 'The requested partnumber is not satisfiable')
  }
  const start = sizes.slice(0, partNumber - 1).reduce((sum, other) => sum + other, 0)
  return { start, end: start + size - 1 }
}

export function slice(chunks: readonly Buffer[], { start, end }: ByteRange): Buffer[] {
  const pieces: Buffer[] = []
  let offset = 0
  for (const chunk of chunks) {
    const piece = chunk.subarray(Math.max(0, start - offset), Math.max(0, end + 1 - offset))
    if (piece.length > 0) pieces.push(piece)
    offset += chunk.length
  }
  return pieces
}
