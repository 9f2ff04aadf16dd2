import { deflateSync } from 'node:zlib'
import { zip } from './zip.ts'

export const hex = (digits: string) => Buffer.from(digits.replace(/\s/g, ''), 'hex')
export const ascii = (text: string) => Buffer.from(text, 'latin1')
export const join = (...parts: (string | Buffer)[]) =>
  Buffer.concat(parts.map(part => (typeof part === 'string' ? ascii(part) : part)))
export const zeros = (length: number) => Buffer.alloc(length)
/** Bytes that are no text and no signature. */
export const noise = (length: number) =>
  Buffer.from(Array.from({ length }, (_, index) => (index * 73 + 129) & 0xff))
export const u32 = (value: number) => {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value)
  return bytes
}

export function pngChunk(type: string, data: Buffer): Buffer {
  // No reader of a head computes the CRC.
  return join(u32(data.length), type, data, hex('00000000'))
}
export const PNG_START = join(
  hex('89504e470d0a1a0a'),
  pngChunk('IHDR', hex('00000001 00000001 08 06 00 00 00')),
)
export const IDAT = pngChunk('IDAT', deflateSync(hex('00ffffffff')))
export const IEND = pngChunk('IEND', zeros(0))
export const PNG = join(PNG_START, IDAT, IEND)

export const JPEG_SEGMENT = hex('ffe0 0010 4a46494600 0101 00 0001 0001 0000')
export const JPEG = join(
  hex('ffd8'),
  JPEG_SEGMENT,
  hex('ffdb 0043 00'),
  Buffer.alloc(64, 1),
  hex('ffc0 000b 08 0001 0001 01 01 11 00'),
  hex('ffda 0008 01 01 00 00 3f 00 d2 cf 20 ffd9'),
)
export const GIF = join(
  'GIF89a',
  hex('0100 0100 80 00 00 ffffff 000000 2c 0000 0000 0100 0100 00 02 02 44 01 00 3b'),
)
export const BMP = join(
  'BM',
  hex('3a000000 00000000 36000000 28000000 01000000 01000000 0100 1800 00000000 04000000'),
  zeros(16),
  hex('ffffff00'),
)
export const riff = (kind: string, rest: Buffer) => join('RIFF', u32(4 + rest.length).swap32(), kind, rest)
export const box = (type: string, ...content: (string | Buffer)[]) => {
  const body = join(...content)
  return join(u32(8 + body.length), type, body)
}
export const brands = (brand: string, ...compatible: string[]) =>
  box('ftyp', brand, zeros(4), compatible.join(''))
export const ftyp = (brand: string, ...compatible: string[]) =>
  join(brands(brand, ...compatible), box('mdat', noise(32)))
export const ebml = (type: string) =>
  join(
    hex('1a45dfa3'),
    Buffer.from([0x80 + 3 + type.length]),
    hex('4282'),
    Buffer.from([0x80 + type.length]),
    type,
    noise(20),
  )
export const ogg = (packet: string | Buffer) =>
  join('OggS', hex('00 02'), zeros(8), hex('01000000 00000000 00000000 01'), hex('1e'), packet, zeros(22))

export function mp3Frames(count: number): Buffer {
  // MPEG-1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes.
  return Buffer.concat(Array.from({ length: count }, () => join(hex('fffb9000'), zeros(413))))
}
export function adtsFrames(count: number): Buffer {
  // 64 bytes each.
  return Buffer.concat(Array.from({ length: count }, () => join(hex('fff15080 08 1f fc'), noise(57))))
}
export const cfb = join(hex('d0cf11e0a1b11ae1'), zeros(16), hex('3e00 0300 feff 0900'), zeros(480))
/** A file in the Compound File Binary format whose directory, with these entries, follows its header. */
export const cfbOf = (...names: string[]) =>
  join(
    cfb,
    ...['Root Entry', ...names].map(name => {
      const entry = zeros(128)
      entry.write(name, 'utf16le')
      entry.writeUInt16LE(2 * name.length + 2, 64)
      return entry
    }),
  )
/** A tag with this content. Its size has seven bits in each byte. */
export const id3 = (content: Buffer) =>
  join('ID3', hex('0400 00 0000 00'), Buffer.from([content.length]), content)
/** 32 kbit/s at 48 kHz: 128 bytes each. */
export const ac3Frames = (count: number) =>
  Buffer.concat(Array.from({ length: count }, () => join(hex('0b77 0000 00 40'), zeros(122))))
export const OOXML = 'application/vnd.openxmlformats-officedocument'
export const contentTypes = (main: string) =>
  `<?xml version="1.0"?><Types><Override PartName="/x.xml" ContentType="${main}.main+xml"/></Types>`
export const office = (folder: string, main: string, order: 'first' | 'last' = 'first') => {
  const types = { name: '[Content_Types].xml', content: contentTypes(main) }
  const rest = [
    { name: '_rels/.rels', content: '<Relationships/>' },
    { name: `${folder}/document.xml`, content: '<document/>' },
  ]
  return zip(order === 'first' ? [types, ...rest] : [...rest, types])
}
export const withMimetype = (type: string) =>
  zip([
    { name: 'mimetype', content: type, stored: true },
    { name: 'META-INF/manifest.xml', content: '<manifest/>' },
  ])
export const PLAIN_ZIP = zip([{ name: 'a.txt', content: 'x' }])
export function tar(name = 'a.txt'): Buffer {
  const header = zeros(512)
  header.write(name)
  header.write('0000644\0', 100)
  header.write('00000000001\0', 124)
  header.write('0', 156)
  header.write('ustar\x0000', 257)
  header.fill(' ', 148, 156)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148)
  return join(header, 'x', zeros(511))
}
export const ts = Buffer.concat(Array.from({ length: 5 }, () => join(hex('47400010'), zeros(184))))
export const font = (signature: Buffer | string) =>
  join(signature, hex('0001 0010 0000 0000'), 'cmap', zeros(64))
export const utf16 = (text: string, endian: 'le' | 'be' = 'le') => {
  const bytes = Buffer.from(`\ufeff${text}`, 'utf16le')
  return endian === 'le' ? bytes : bytes.swap16()
}
export const utf8Bom = (text: string) => Buffer.from(`\ufeff${text}`)
export const icon = (kind: string) =>
  join(hex(`0000 ${kind} 0100 1010 00 00 0100 2000 68040000 16000000`), noise(40))

export const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
export const HTML = '<!doctype html><title>x</title><script>alert(1)</script>'
/** A TIFF file with one tag. */
export const tiffOf = (tag: number) =>
  join(hex('4d4d002a 00000008 0001'), u32(tag).subarray(2), hex('0003 00000001 00010000 00000000'))
/** The header of an ASF file, with no objects in it. */
export const asf = join(hex('3026b2758e66cf11a6d900aa0062ce6c 1e00000000000000 00000000 0102'), noise(64))
