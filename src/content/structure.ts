import { isAc3, isAdts, isAiff, isFlac, isMidi, isMpegAudio, isOgg } from './audio-structure.ts'
import { hasBoxes, isIsoMedia } from './box-structure.ts'
import { hasAt, uintBE, uintLE } from './bytes.ts'
import { isBmp, isGif, isIcon, isJpeg, isJpeg2000, isWebp } from './image-structure.ts'

type Check = (head: Uint8Array) => boolean

/**
 * Checks of types whose signature is short, or of which a few bytes say nothing. By canonical type. A head that ends before
 * the checked bytes fails most of them: a file of a few bytes is none of these.
 */
const CHECKS: Readonly<Record<string, Check>> = {
  'image/jpeg': isJpeg,
  'image/jls': isJpeg,
  'image/gif': isGif,
  'image/bmp': isBmp,
  'image/webp': isWebp,
  'image/vnd.microsoft.icon': isIcon,
  'image/vnd.adobe.photoshop': head => [1, 2].includes(uintBE(head, 4, 2)) && uintBE(head, 6, 6) === 0,
  'image/icns': head => uintBE(head, 4, 4) > 8,
  'image/jxr': head => head[3] === 1,
  'image/jxl': head => hasAt(head, 0, [0xff, 0x0a]) || hasBoxes(head),
  'image/jp2': hasBoxes,
  'image/jpx': hasBoxes,
  'image/jpm': hasBoxes,
  'image/j2c': isJpeg2000,
  'image/avif': isIsoMedia,
  'image/heic': isIsoMedia,
  'image/heif': isIsoMedia,
  'image/heic-sequence': isIsoMedia,
  'image/heif-sequence': isIsoMedia,
  'image/x-canon-cr3': isIsoMedia,
  'video/mp4': isIsoMedia,
  'audio/mp4': isIsoMedia,
  'video/quicktime': isIsoMedia,
  'video/3gpp': isIsoMedia,
  'video/3gpp2': isIsoMedia,
  'video/mj2': hasBoxes,
  'video/x-flv': head => ((head[4] ?? 0xff) & 0xfa) === 0 && uintBE(head, 5, 4) === 9,
  'video/mp2t': isTransportStream,
  'video/mpeg': isMpegVideo,
  'video/vnd.avi': head => hasAt(head, 8, 'AVI LIST') || hasAt(head, 8, 'AVI JUNK'),
  'video/x-ms-asf': isAsf,
  'audio/x-ms-wma': isAsf,
  'video/ogg': isOgg,
  'audio/ogg': isOgg,
  'application/ogg': isOgg,
  'audio/mpeg': isMpegAudio,
  'audio/aac': isAdts,
  'audio/vnd.dolby.dd-raw': isAc3,
  'audio/aiff': isAiff,
  'audio/midi': isMidi,
  'audio/flac': isFlac,
  'audio/wav': head => hasAt(head, 8, 'WAVE') && head.subarray(12, 16).every(isPrintable),
  'audio/amr': head => hasAt(head, 0, '#!AMR\n') || hasAt(head, 0, '#!AMR-WB\n'),
  'audio/ape': head => uintLE(head, 4, 2) >= 3800 && uintLE(head, 4, 2) < 5000,
  'audio/wavpack': head => uintLE(head, 8, 2) >= 0x402 && uintLE(head, 8, 2) <= 0x410,
  'audio/x-dsf': head => uintLE(head, 4, 4) === 28,
  'audio/x-musepack': head => hasAt(head, 0, 'MPCK') || ((head[3] ?? 0) & 0x0f) === 7,
  'font/ttf': isFont,
  'font/otf': isFont,
  'font/collection': head => [1, 2].includes(uintBE(head, 4, 2)) && uintBE(head, 8, 4) - 1 < 1024,
  'font/woff': isWebFont,
  'font/woff2': isWebFont,
  // Modules, and components of modules.
  'application/wasm': head => hasAt(head, 4, [1, 0, 0, 0]) || hasAt(head, 5, [0, 1, 0]),
  'application/vnd.sqlite3': head => hasAt(head, 0, 'SQLite format 3\0'),
  'application/x-bzip2': isBzip2,
  'application/x-compress': head => hasAt(head, 0, [0x1f, 0x9d]) && isWidth((head[2] ?? 0) & 0x7f),
  'application/zstd': head => ((head[4] ?? 0xff) & 8) === 0,
  'application/x-lz4': head => (head[4] ?? 0) >> 6 === 1,
  'application/x-lzip': head => head[4] === 1,
  'application/x-7z-compressed': head => head[6] === 0,
  'application/x-xz': head => head[6] === 0,
  'application/pdf': head => hasAt(head, 4, '-') && isDigit(head[5]),
  'application/postscript': head => hasAt(head, 0, '%!PS') || hasAt(head, 0, [0xc5, 0xd0, 0xd3, 0xc6]),
  'application/x-tar': isTar,
  'application/x-esri-shape': head => hasAt(head, 0, [0, 0, 0x27, 0x0a]),
  'application/x-shockwave-flash': head =>
    (head[3] ?? 0) > 0 && (head[3] ?? 0xff) < 64 && uintLE(head, 4, 4) > 8,
  'application/x-elf': head => [1, 2].includes(head[4] ?? 0) && [1, 2].includes(head[5] ?? 0),
}

/** False if a file begins with the signature of the type, but does not have its structure. */
export function hasStructure(type: string, head: Uint8Array): boolean {
  return CHECKS[type]?.(head) ?? true
}

function isDigit(byte = 0): boolean {
  return byte >= 0x30 && byte <= 0x39
}

function isPrintable(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f
}

/** A pack header of MPEG-1 or MPEG-2, or a sequence header: ISO/IEC 13818-1, 2.5.3.3; ISO/IEC 13818-2, 6.2.2.1. */
function isMpegVideo(head: Uint8Array): boolean {
  const has = (offset: number, mask: number, bits = mask) => ((head[offset] ?? 0) & mask) === bits
  const isPack = head[3] === 0xba
  if (isPack && has(4, 0xf0, 0x20)) return has(4, 1) && has(6, 1) && has(8, 1) && has(9, 0x80) && has(11, 1)
  if (isPack) return has(4, 0xc4, 0x44) && has(6, 4) && has(8, 4) && has(9, 1) && has(12, 3)
  const [width, height] = [uintBE(head, 4, 2) >> 4, uintBE(head, 5, 2) & 0xfff]
  return width > 0 && height > 0 && !has(7, 0xf0, 0) && !has(7, 0x0f, 0) && has(10, 0x20)
}

/** Advanced Systems Format, 3.1: the whole identifier of the header. file-type compares ten bytes. */
function isAsf(head: Uint8Array): boolean {
  return hasAt(head, 10, [0x00, 0xaa, 0x00, 0x62, 0xce, 0x6c])
}

/** ISO/IEC 13818-1, 2.4.3: packets of 188 bytes, or of 192 on discs. */
function isTransportStream(head: Uint8Array): boolean {
  const [offset, size] = head[0] === 0x47 ? [0, 188] : [4, 192]
  for (let packet = offset; packet < head.length; packet += size) {
    if (head[packet] !== 0x47) return false
  }
  return head.length > offset + 2 * size
}

/** The table directory: https://learn.microsoft.com/en-us/typography/opentype/spec/otff */
function isFont(head: Uint8Array): boolean {
  const tables = uintBE(head, 4, 2)
  return tables > 0 && tables <= 128 && head.subarray(12, 16).every(isPrintable)
}

/** https://www.w3.org/TR/WOFF2/#woff20Header, and the same of WOFF: a number of tables, then a reserved zero. */
function isWebFont(head: Uint8Array): boolean {
  return uintBE(head, 12, 2) > 0 && uintBE(head, 14, 2) === 0
}

function isBzip2(head: Uint8Array): boolean {
  const [, , , level = 0] = head
  const isEmpty = hasAt(head, 4, [0x17, 0x72, 0x45, 0x38, 0x50, 0x90])
  return level >= 0x31 && level <= 0x39 && (isEmpty || hasAt(head, 4, [0x31, 0x41, 0x59, 0x26, 0x53, 0x59]))
}

/** The most bits of a code; the highest bit, which is left out, tells the mode. */
function isWidth(bits: number): boolean {
  return bits >= 9 && bits <= 16
}

/** The checksum of the first header: https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html */
function isTar(head: Uint8Array): boolean {
  const stored = Number.parseInt(Buffer.from(head.subarray(148, 156)).toString('latin1').trim(), 8)
  let sum = 8 * 0x20
  for (let index = 0; index < 512; index++) {
    if (index < 148 || index >= 156) sum += head[index] ?? Number.NaN
  }
  return sum === stored
}
