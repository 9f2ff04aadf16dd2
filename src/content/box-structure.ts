import { hasAt, uintBE } from './bytes.ts'

/** The box that names the brands, and the boxes behind it: ISO/IEC 14496-12, 4.3. */
export function isIsoMedia(head: Uint8Array): boolean {
  const size = uintBE(head, 0, 4)
  const isBrands = size >= 16 && size <= 4096 && size % 4 === 0
  return (isBrands || !hasAt(head, 4, 'ftyp')) && hasBoxes(head)
}

/** True if the head is one box behind the other, as far as it goes: ISO/IEC 14496-12, 4.2. Each has a size and a name. */
export function hasBoxes(head: Uint8Array): boolean {
  for (let offset = 0; offset + 8 <= head.length; ) {
    const size = uintBE(head, offset, 4)
    // To the end of the file.
    if (size === 0) return true
    if (!head.subarray(offset + 4, offset + 8).every(isNameByte)) return false
    if (size >= TEXT_SIZE && !hasAt(head, offset + 4, 'mdat')) return false
    const length = size === 1 ? uintBE(head, offset + 8, 8) : size
    if (length < 8) return false
    // NaN if the head ends in a long size.
    offset += length
  }
  return true
}

/** Four characters of text, read as a size, are at least this: 512 MB. Only the media data of a file can be so large. */
const TEXT_SIZE = 0x2000_0000

/** Letters, digits, space, `-`, `_`; and `©`, with which QuickTime begins names. */
function isNameByte(byte: number): boolean {
  return byte === 0xa9 || /[\w -]/.test(String.fromCharCode(byte))
}

/** The compatible brands tell what the major brand of an image leaves open: ISO/IEC 23008-12, 10.2. */
export function heifType(head: Uint8Array): string {
  const brands = Buffer.from(head.subarray(16, uintBE(head, 0, 4)))
    .toString('latin1')
    .match(/.{4}/gs)
  if (brands?.includes('avif')) return 'image/avif'
  return brands?.some(brand => brand === 'heic' || brand === 'heix') ? 'image/heic' : 'image/heif'
}
