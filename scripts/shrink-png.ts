import { crc32, deflateSync, inflateSync } from 'node:zlib'

// A screenshot has few distinct colours. With a palette of 256 colours it takes less than half the size.
// https://www.w3.org/TR/png-3/

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const MAX_COLORS = 256

/**
 * Reduces a PNG to a palette of 256 colours.
 *
 * @param png true colour, 8 bits, not interlaced, as Chromium writes it
 */
export function shrinkPng(png: Buffer): Buffer {
  const header = chunk(png, 'IHDR')[0] as Buffer
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)]
  const channels = header[9] === 6 ? 4 : 3
  const pixels = unfilter(inflateSync(Buffer.concat(chunk(png, 'IDAT'))), width * channels, height, channels)
  const colors = Array.from({ length: width * height }, (_, i) => pixels.readUIntBE(i * channels, 3))
  const { palette, indexOf } = choosePalette(colors)

  const rows = Buffer.alloc(height * (width + 1))
  for (const [i, color] of colors.entries()) rows[i + Math.floor(i / width) + 1] = indexOf(color)
  const newHeader = Buffer.from(header)
  newHeader.set([8, 3], 8)
  const newChunks = [write('IHDR', newHeader), write('PLTE', Buffer.from(palette.flatMap(split)))]
  return Buffer.concat([
    SIGNATURE,
    ...newChunks,
    write('IDAT', deflateSync(rows, { level: 9 })),
    write('IEND'),
  ])
}

function chunk(png: Buffer, type: string): Buffer[] {
  const found = []
  for (let at = SIGNATURE.length; at < png.length; at += 12 + png.readUInt32BE(at)) {
    const data = png.subarray(at + 8, at + 8 + png.readUInt32BE(at))
    if (png.toString('latin1', at + 4, at + 8) === type) found.push(data)
  }
  return found
}

function write(type: string, data = Buffer.alloc(0)): Buffer {
  const body = Buffer.concat([Buffer.from(type), data])
  const ends = Buffer.alloc(8)
  ends.writeUInt32BE(data.length, 0)
  ends.writeUInt32BE(crc32(body), 4)
  return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)])
}

/** Reverses the PNG filters. https://www.w3.org/TR/png-3/#9Filter-types */
function unfilter(data: Buffer, length: number, height: number, channels: number): Buffer {
  const out = Buffer.alloc(length * height)
  for (let y = 0; y < height; y++) {
    const filter = data[y * (length + 1)]
    for (let x = 0; x < length; x++) {
      const at = y * length + x
      const a = x < channels ? 0 : (out[at - channels] as number)
      const b = y === 0 ? 0 : (out[at - length] as number)
      const c = x < channels || y === 0 ? 0 : (out[at - length - channels] as number)
      const predicted = [0, a, b, (a + b) >> 1, paeth(a, b, c)][filter as number] as number
      out[at] = (data[y * (length + 1) + 1 + x] as number) + predicted
    }
  }
  return out
}

function paeth(a: number, b: number, c: number): number {
  const p = a + b - c
  const [pa, pb, pc] = [Math.abs(p - a), Math.abs(p - b), Math.abs(p - c)]
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c
}

/** Returns the most frequent colours, and a function that maps every colour to the nearest of them. */
function choosePalette(colors: number[]): { palette: number[]; indexOf(color: number): number } {
  const counts = new Map<number, number>()
  for (const color of colors) counts.set(color, (counts.get(color) ?? 0) + 1)
  const palette: number[] = []
  for (const [color] of [...counts].sort(([, a], [, b]) => b - a)) {
    // Colours that look the same share one entry.
    const isNew = palette.length < MAX_COLORS && palette.every(other => distance(color, other) > 60)
    if (isNew) palette.push(color)
  }
  const known = new Map(palette.map((color, index) => [color, index]))
  return {
    palette,
    indexOf(color) {
      const index = known.get(color) ?? nearest(color, palette)
      known.set(color, index)
      return index
    },
  }
}

function nearest(color: number, palette: number[]): number {
  const distances = palette.map(other => distance(color, other))
  return distances.indexOf(Math.min(...distances))
}

function distance(one: number, other: number): number {
  const [a, b] = [split(one), split(other)]
  return a.reduce((sum, value, i) => sum + (value - (b[i] as number)) ** 2, 0)
}

function split(color: number): number[] {
  return [color >> 16, (color >> 8) & 255, color & 255]
}
