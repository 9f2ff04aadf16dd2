/** True if these bytes, or the ASCII characters of a string, are at this place. */
export function hasAt(head: Uint8Array, offset: number, expected: string | readonly number[]): boolean {
  if (head.length < offset + expected.length) return false
  for (let index = 0; index < expected.length; index++) {
    const byte = typeof expected === 'string' ? expected.charCodeAt(index) : expected[index]
    if (head[offset + index] !== byte) return false
  }
  return true
}

/** Returns an unsigned number, or NaN if the head ends before it. */
export function uintBE(head: Uint8Array, offset: number, size: number): number {
  let value = 0
  for (let index = 0; index < size; index++) value = value * 256 + (head[offset + index] ?? Number.NaN)
  return value
}

/** Returns an unsigned number, or NaN if the head ends before it. */
export function uintLE(head: Uint8Array, offset: number, size: number): number {
  let value = 0
  for (let index = size - 1; index >= 0; index--) value = value * 256 + (head[offset + index] ?? Number.NaN)
  return value
}

/** True for no bytes, and for zeros: some programs fill up files to a multiple of a size. */
export function isPadding(rest: Uint8Array): boolean {
  return rest.every(byte => byte === 0)
}
