import { deflateRawSync } from 'node:zlib'

export interface ZipEntry {
  name: string
  content: string | Buffer
  /** Stored without compression, as EPUB and OpenDocument want their first entry. */
  stored?: boolean
  /** Sizes behind the content, as programs write that do not know them before. */
  streamed?: boolean
}

/** Makes a ZIP file: local headers, central directory, end record (APPNOTE.TXT, 4.3). */
export function zip(entries: readonly ZipEntry[]): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, content, stored = false, streamed = false } of entries) {
    const raw = Buffer.from(content as string)
    const data = stored ? raw : deflateRawSync(raw)
    const sizes = fields([
      [crc32(raw), 4],
      [data.length, 4],
      [raw.length, 4],
    ])
    const common = (known: boolean) =>
      Buffer.concat([
        fields([
          [20, 2],
          [streamed ? 8 : 0, 2],
          [stored ? 0 : 8, 2],
          [0, 4],
        ]),
        known ? sizes : Buffer.alloc(12),
        fields([
          [name.length, 2],
          [0, 2],
        ]),
      ])
    const descriptor = streamed ? Buffer.concat([Buffer.from('PK\x07\x08'), sizes]) : Buffer.alloc(0)
    const rest = fields([
      [0, 2],
      [0, 2],
      [0, 2],
      [0, 4],
      [offset, 4],
    ])
    const local = Buffer.concat([
      Buffer.from('PK\x03\x04'),
      common(!streamed),
      Buffer.from(name),
      data,
      descriptor,
    ])
    directory.push(Buffer.from('PK\x01\x02'), fields([[20, 2]]), common(true), rest, Buffer.from(name))
    locals.push(local)
    offset += local.length
  }
  const central = Buffer.concat(directory)
  const end = fields([
    [0, 4],
    [entries.length, 2],
    [entries.length, 2],
    [central.length, 4],
    [offset, 4],
    [0, 2],
  ])
  return Buffer.concat([...locals, central, Buffer.from('PK\x05\x06'), end])
}

function fields(values: readonly (readonly [value: number, size: number])[]): Buffer {
  return Buffer.concat(
    values.map(([value, size]) => {
      const bytes = Buffer.alloc(size)
      bytes.writeUIntLE(value, 0, size)
      return bytes
    }),
  )
}

function crc32(bytes: Buffer): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}
