/** A picture of one pixel. */
export const PNG: Buffer = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==',
  'base64',
)

export const HTML = Buffer.from('<!doctype html><title>a</title><script>alert(1)</script>')

/** Bytes of the signature and of the first chunk of a PNG file. */
const PNG_START = 33

/** The start of a PNG file, up to the text of a chunk. Any bytes can follow. */
export const PNG_HEAD: Buffer = Buffer.concat([
  PNG.subarray(0, PNG_START),
  Buffer.from([0x7f, 0xff, 0xff, 0xff]),
  Buffer.from('teXt'),
])

/** A PNG file of this size, with a chunk of text that no program reads. */
export function pngOf(size: number): Buffer {
  const chunk = Buffer.alloc(size - PNG.length, 0xa5)
  chunk.writeUInt32BE(chunk.length - 12, 0)
  chunk.write('teXt', 4)
  return Buffer.concat([PNG.subarray(0, PNG_START), chunk, PNG.subarray(PNG_START)])
}

/** Bytes of this size that begin as an MP4 file does. */
export function mp4Of(size: number): Buffer {
  const start = Buffer.from('\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0\0\0mdat', 'latin1')
  start.writeUInt32BE(size - 24, 24)
  return Buffer.concat([start, Buffer.alloc(size - start.length, 7)])
}
