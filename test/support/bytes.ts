import { createHash } from 'node:crypto'

export const MB = 1024 * 1024

/** The same bytes for the same size, and no two stretches of it alike. */
export function bytes(size: number, seed = 1): Buffer {
  const buffer = Buffer.allocUnsafe(size)
  let state = seed
  for (let i = 0; i < size; i++) {
    state = (Math.imul(state, 1103515245) + 12345) | 0
    buffer[i] = state >>> 16
  }
  return buffer
}

export function sha256(buffer: Buffer): string {
  return createHash('sha256').update(buffer).digest('hex')
}
