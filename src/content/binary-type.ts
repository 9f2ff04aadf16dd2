import { id3Type } from './audio-structure.ts'
import { heifType } from './box-structure.ts'
import { hasAt } from './bytes.ts'
import { cfbType } from './cfb-type.ts'
import { claimedAmong, type TypeClaim } from './claim.ts'
import { pngType } from './image-structure.ts'
import { hasStructure } from './structure.ts'
import { tiffType } from './tiff-type.ts'
import { canonicalType } from './type-names.ts'
import { zipType } from './zip-type.ts'

type Signature = string | readonly number[]
type TypeOf = (head: Uint8Array, claim: TypeClaim, isWhole: boolean) => string | undefined

/**
 * Signatures that file-type does not get. It inflates what a GZIP file contains, reads on behind an ID3 tag and a byte
 * order mark, finds a TIFF only by a directory in the head, and does not look into a CFB file or behind a PNG image.
 */
const OWN_SIGNATURES: readonly (readonly [Signature, TypeOf])[] = [
  [[0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a], pngType],
  [[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1], cfbType],
  ['PK', zipType],
  ['ID3', id3Type],
  [[0x1f, 0x8b], gzipType],
  ['II*\0', tiffType],
  ['II+\0', tiffType],
  ['MM\0*', tiffType],
  ['MM\0+', tiffType],
  [[0xef, 0xbb, 0xbf], () => undefined],
]

const OGG = ['audio/ogg', 'video/ogg', 'application/ogg']

/** Containers whose tracks may lie behind the head. Only a claim tells sound from video. By the type that file-type gives. */
const CONTAINERS: Readonly<Record<string, readonly string[]>> = {
  'video/webm': ['audio/webm'],
  'video/matroska': ['audio/matroska'],
  'video/mp4': ['audio/mp4', 'application/mp4'],
  'video/3gpp': ['audio/3gpp'],
  'video/3gpp2': ['audio/3gpp2'],
  'video/x-ms-asf': ['audio/x-ms-wma'],
  'audio/ogg': OGG,
  'video/ogg': OGG,
  'application/ogg': OGG,
}

/** Types whose signature proves nothing: two bytes, or a word before bytes that are no text. Only with a claim. */
const WEAK: readonly (readonly [Signature, string])[] = [
  [[0xff, 0x0a], 'image/jxl'],
  // The start of deflated data with low compression.
  [[0x78, 0x01], 'application/x-apple-diskimage'],
  [[0x60, 0xea], 'application/x-arj'],
  [[0xc7, 0x71], 'application/x-cpio'],
  ['solid ', 'model/stl'],
]

/**
 * Returns the type of bytes that are no text. Undefined if no signature matches, or if a file has a signature and another
 * structure.
 */
export async function binaryType(
  head: Uint8Array,
  isWhole: boolean,
  claim: TypeClaim,
): Promise<string | undefined> {
  const own = OWN_SIGNATURES.find(([signature]) => hasAt(head, 0, signature))
  if (own) return own[1](head, claim, isWhole)
  const type = await signedType(head)
  if (type === undefined || !hasStructure(type, head)) return undefined
  if (type === 'image/heif') return heifType(head)
  const isWeak = WEAK.some(([signature, weak]) => weak === type && hasAt(head, 0, signature))
  if (isWeak) return claimedAmong([type], claim)
  return claimedAmong(CONTAINERS[type] ?? [], claim) ?? type
}

type Detect = typeof import('file-type').fileTypeFromBuffer

let detector: Promise<Detect> | undefined

/** Loads file-type at the first use. A failure is not remembered. */
async function loadDetector(): Promise<Detect> {
  detector ??= import('file-type').then(({ fileTypeFromBuffer }) => fileTypeFromBuffer)
  try {
    return await detector
  } catch (error) {
    detector = undefined
    throw error
  }
}

async function signedType(head: Uint8Array): Promise<string | undefined> {
  const detect = await loadDetector()
  try {
    const found = await detect(head)
    return found && canonicalType(found.mime.toLowerCase().replace(/;.*$/, ''))
  } catch {
    // It reads past the end of a file that is cut, or that lies about a length.
    return undefined
  }
}

/** Deflate is the only method, and the upper three flags are reserved: RFC 1952, 2.3.1 */
function gzipType(head: Uint8Array): string | undefined {
  const [, , method, flags = 0xff] = head
  return method === 8 && (flags & 0xe0) === 0 ? 'application/gzip' : undefined
}
