import { inflateRawSync, constants as zlib } from 'node:zlib'
import { hasAt, uintLE } from './bytes.ts'

/** An entry of a ZIP file that begins in the head. */
export interface ZipEntry {
  readonly name: string
  /** Its content as far as the head has it, and at most `MAX_CONTENT_BYTES`. Undefined if it cannot be read. */
  content(): Buffer | undefined
}

/** A list of content types has about 150 bytes for each part of a document: a slide, a sheet, a picture. */
const MAX_CONTENT_BYTES = 128 * 1024
const MAX_ENTRIES = 64
/** Entries without a size are inflated to find their end. That bounds the time for a head which inflates to megabytes. */
const MAX_OPEN_ENDED = 8
const HEADER_BYTES = 30
const METHODS = { stored: 0, deflated: 8 }
const IS_ENCRYPTED = 1
/** The sizes follow the content. */
const HAS_DESCRIPTOR = 8

/**
 * Returns the entries in the head of a ZIP file, by their local headers (APPNOTE.TXT, 4.3.7), from the first byte on.
 * Undefined if there is no header there. Reads each from the end of the one before: what is stored inside an entry is no
 * entry. Ends where an entry does not tell its end.
 */
export function zipEntries(head: Uint8Array): ZipEntry[] | undefined {
  const entries: ZipEntry[] = []
  let offset: number | undefined = 0
  let openEnded = 0
  while (offset !== undefined && entries.length < MAX_ENTRIES && hasAt(head, offset, 'PK\x03\x04')) {
    const header = readHeader(head, offset)
    if (header === undefined) break
    if (isOpenEnded(header)) openEnded += 1
    entries.push({ name: header.name, content: () => contentOf(head, header)?.content })
    offset = openEnded > MAX_OPEN_ENDED ? undefined : endOf(head, header)
  }
  return entries.length === 0 ? undefined : entries
}

interface Header {
  readonly name: string
  readonly flags: number
  readonly method: number
  /** In the file. Bytes. */
  readonly size: number
  readonly start: number
}

function readHeader(head: Uint8Array, offset: number): Header | undefined {
  const [flags, method] = [uintLE(head, offset + 6, 2), uintLE(head, offset + 8, 2)]
  const nameSize = uintLE(head, offset + 26, 2)
  const nameStart = offset + HEADER_BYTES
  const name = Buffer.from(head.subarray(nameStart, nameStart + nameSize)).toString()
  const start = nameStart + nameSize + uintLE(head, offset + 28, 2)
  // The version of the format that a reader needs (6.3 is the latest), reserved flags, methods.
  const isPlausible = (head[offset + 4] ?? 0xff) <= 63 && (flags & 0xd000) === 0 && method <= 99
  if (!isPlausible || nameStart + nameSize > head.length) return undefined
  return { name, flags, method, size: uintLE(head, offset + 18, 4), start }
}

function isOpenEnded({ flags, size }: Header): boolean {
  return (flags & HAS_DESCRIPTOR) !== 0 && size === 0
}

function endOf(head: Uint8Array, header: Header): number | undefined {
  if (!isOpenEnded(header)) {
    const end = header.start + header.size
    return header.flags & HAS_DESCRIPTOR ? afterDescriptor(head, end) : end
  }
  if (header.method !== METHODS.deflated) return undefined
  const content = contentOf(head, header)
  return content && afterDescriptor(head, content.end)
}

/** CRC and sizes, of 4 or 8 bytes, with or without a signature: APPNOTE.TXT, 4.3.9. */
function afterDescriptor(head: Uint8Array, end: number): number | undefined {
  return [16, 24, 12, 20].map(size => end + size).find(next => hasAt(head, next, 'PK'))
}

function contentOf(head: Uint8Array, header: Header): { content: Buffer; end: number } | undefined {
  const { flags, method, size, start } = header
  if (flags & IS_ENCRYPTED) return undefined
  const data = head.subarray(start, isOpenEnded(header) ? head.length : start + size)
  if (method === METHODS.stored) return { content: Buffer.from(data), end: start + size }
  return method === METHODS.deflated ? inflate(data, start) : undefined
}

function inflate(data: Uint8Array, start: number): { content: Buffer; end: number } | undefined {
  try {
    // A flush at the end instead of an end: the data may be cut.
    const options = { finishFlush: zlib.Z_SYNC_FLUSH, maxOutputLength: MAX_CONTENT_BYTES, info: true }
    const { buffer, engine } = inflateRawSync(data, options) as unknown as InflateInfo
    return { content: buffer, end: start + engine.bytesWritten }
  } catch {
    return undefined
  }
}

/** Result of zlib with the option `info`, which its types leave out. */
interface InflateInfo {
  buffer: Buffer
  /** `bytesWritten`: bytes of the input that were read. */
  engine: { bytesWritten: number }
}
