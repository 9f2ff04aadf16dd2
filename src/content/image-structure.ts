import { hasAt, isPadding, uintBE, uintLE } from './bytes.ts'

/**
 * Returns `image/png`, or `image/apng` if a control chunk for animation precedes the image. Undefined if the chunks are
 * none, or if other bytes follow the last one: a file of another kind with an image in front.
 * https://www.w3.org/TR/png-3/
 */
export function pngType(head: Uint8Array): string | undefined {
  const isHeader = uintBE(head, 8, 4) === 13 && hasAt(head, 12, 'IHDR')
  if (!isHeader || !(uintBE(head, 16, 4) > 0 && uintBE(head, 20, 4) > 0)) return undefined
  let type = 'image/png'
  for (let offset = 8; offset + 8 <= head.length; ) {
    const length = uintBE(head, offset, 4)
    const isLetters = head
      .subarray(offset + 4, offset + 8)
      .every(byte => /[A-Za-z]/.test(String.fromCharCode(byte)))
    if (!isLetters || length > 0x7fff_ffff) return undefined
    if (hasAt(head, offset + 4, 'IEND')) return isPadding(head.subarray(offset + 12)) ? type : undefined
    if (hasAt(head, offset + 4, 'acTL')) type = 'image/apng'
    offset += 12 + length
  }
  return type
}

/**
 * The markers of a JPEG: https://www.w3.org/Graphics/JPEG/itu-t81.pdf, B.1.1. False if the file continues behind the image
 * with something else than another image: cameras append previews.
 */
export function isJpeg(head: Uint8Array): boolean {
  let offset = 2
  let hasFrame = false
  while (offset + 3 < head.length) {
    const marker = head[offset + 1] ?? 0
    if (head[offset] !== 0xff) return false
    if (marker === END_OF_IMAGE) return isPaddingOrImage(head.subarray(offset + 2))
    if (marker === START_OF_SCAN && !hasFrame) return false
    hasFrame ||= isStartOfFrame(marker)
    const end = endOfSegment(head, offset, marker)
    if (end === undefined) return false
    offset = end
  }
  return true
}

const START_OF_SCAN = 0xda
const END_OF_IMAGE = 0xd9
/** Any number of them may precede a marker. */
const FILL_BYTE = 0xff

function endOfSegment(head: Uint8Array, offset: number, marker: number): number | undefined {
  if (marker === FILL_BYTE) return offset + 1
  const length = uintBE(head, offset + 2, 2)
  if (!isSegment(marker) || length < 2) return undefined
  const end = offset + 2 + length
  return marker === START_OF_SCAN ? endOfScan(head, end) : end
}

/** Image data. In it, a byte of 255 begins a marker only before one of 128 and more, and eight markers restart the data. */
function endOfScan(head: Uint8Array, start: number): number {
  let offset = start
  for (; offset + 1 < head.length; offset++) {
    const next = head[offset + 1] ?? 0
    if (head[offset] === 0xff && next >= 0x80 && (next < 0xd0 || next > 0xd7)) return offset
  }
  return head.length
}

function isPaddingOrImage(rest: Uint8Array): boolean {
  return isPadding(rest) || hasAt(rest, 0, [0xff, 0xd8])
}

/** A frame has the size of the image. There are 13 kinds, and that of JPEG-LS. Others in this range are tables. */
function isStartOfFrame(marker: number): boolean {
  return (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker)) || marker === 0xf7
}

/** True for markers that a length follows. */
function isSegment(marker: number): boolean {
  return marker >= 0xc0 && (marker < 0xd0 || marker > 0xd9)
}

/**
 * https://www.w3.org/Graphics/GIF/spec-gif89a.txt. False if other bytes follow the trailer, and for a width that lets
 * JavaScript continue: `GIF89a/*` is 10,799 pixels wide.
 */
export function isGif(head: Uint8Array): boolean {
  if (!hasAt(head, 0, 'GIF87a') && !hasAt(head, 0, 'GIF89a')) return false
  if (/^[\s/=:;,.([-][\x20-\x7e]/.test(String.fromCharCode(head[6] ?? 0, head[7] ?? 0))) return false
  if (!(uintLE(head, 6, 2) > 0 && uintLE(head, 8, 2) > 0)) return false
  let offset = 13 + colorTableSize(head[10])
  while (offset < head.length) {
    const block = head[offset]
    if (block === 0x3b) return isPadding(head.subarray(offset + 1))
    if (block === 0x21) offset += 2
    else if (block === 0x2c) offset += 11 + colorTableSize(head[offset + 9])
    else return false
    offset = skipSubBlocks(head, offset)
  }
  return true
}

function colorTableSize(flags = 0): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0
}

function skipSubBlocks(head: Uint8Array, start: number): number {
  let offset = start
  while (offset < head.length && head[offset] !== 0) offset += 1 + (head[offset] ?? 0)
  return offset + 1
}

/** https://learn.microsoft.com/en-us/windows/win32/gdi/bitmap-storage. False if other bytes follow the declared size. */
export function isBmp(head: Uint8Array): boolean {
  const fileSize = uintLE(head, 2, 4)
  const headerSize = uintLE(head, 14, 4)
  const [planes, bits] = headerSize === 12 ? [22, 24] : [26, 28]
  return (
    // Some programs write 0.
    (fileSize === 0 || fileSize >= head.length) &&
    uintLE(head, 6, 4) === 0 &&
    [12, 16, 40, 52, 56, 64, 108, 124].includes(headerSize) &&
    uintLE(head, 10, 4) >= 14 + headerSize &&
    uintLE(head, planes, 2) === 1 &&
    [0, 1, 2, 4, 8, 16, 24, 32].includes(uintLE(head, bits, 2))
  )
}

/** Icons and cursors: https://learn.microsoft.com/en-us/previous-versions/ms997538(v=msdn.10) */
export function isIcon(head: Uint8Array): boolean {
  const count = uintLE(head, 4, 2)
  const size = uintLE(head, 14, 4)
  const offset = uintLE(head, 18, 4)
  return (
    count > 0 && count <= 256 && [0, 0xff].includes(head[9] ?? 1) && size >= 16 && offset >= 6 + 16 * count
  )
}

/** https://developers.google.com/speed/webp/docs/riff_container. False if other bytes follow the declared size. */
export function isWebp(head: Uint8Array): boolean {
  const end = 8 + uintLE(head, 4, 4)
  return end + (end % 2) >= head.length && ['VP8 ', 'VP8L', 'VP8X'].some(chunk => hasAt(head, 12, chunk))
}

/** ISO/IEC 15444-1, A.5.1: the first segment of a JPEG 2000 codestream has three bytes for each component. */
export function isJpeg2000(head: Uint8Array): boolean {
  return uintBE(head, 4, 2) === 38 + 3 * uintBE(head, 40, 2)
}
