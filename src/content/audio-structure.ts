import { hasAt, uintBE } from './bytes.ts'
import { claimedAmong, type TypeClaim } from './claim.ts'

/**
 * Returns the type of sound behind an ID3 tag (https://id3.org/id3v2.4.0-structure). If the tag is longer than the head, as
 * pictures are, the claim decides. Undefined if it is no tag, or if no sound follows it.
 */
export function id3Type(head: Uint8Array, claim: TypeClaim): string | undefined {
  const [, , , version = 0, revision = 0xff, flags = 0xff, ...size] = head.subarray(0, ID3_HEADER_BYTES)
  const isHeader = version >= 2 && version <= 4 && revision < 0xff && (flags & 0x0f) === 0
  if (!isHeader || size.length < 4 || size.some(byte => byte >= 0x80)) return undefined
  const length = size.reduce((total, byte) => total * 128 + byte, 0)
  const footer = flags & 0x10 ? ID3_HEADER_BYTES : 0
  const sound = afterZeros(head.subarray(ID3_HEADER_BYTES + length + footer))
  return sound.length < 8 ? (claimedAmong(TAGGED_TYPES, claim) ?? 'audio/mpeg') : soundType(sound)
}

const ID3_HEADER_BYTES = 10
const TAGGED_TYPES = ['audio/mpeg', 'audio/aac', 'audio/flac']

/** Some programs count the zeros that fill up a tag as part of it, and some do not. */
function afterZeros(rest: Uint8Array): Uint8Array {
  const start = rest.findIndex(byte => byte !== 0)
  return rest.subarray(start < 0 ? rest.length : start)
}

/** The tag is proof of sound, so the head may end in the first frame. */
function soundType(sound: Uint8Array): string | undefined {
  if (hasFrames(sound, mpegFrameSize, 1)) return 'audio/mpeg'
  if (hasFrames(sound, adtsFrameSize, 1)) return 'audio/aac'
  return hasAt(sound, 0, 'fLaC') && isFlac(sound) ? 'audio/flac' : undefined
}

/** MPEG frames, one behind the other. */
export function isMpegAudio(head: Uint8Array): boolean {
  return hasFrames(head, mpegFrameSize)
}

/**
 * True if at least two frames follow each other, or one is all there is. The start of one is two or three bytes, which prove
 * nothing.
 */
function hasFrames(
  head: Uint8Array,
  sizeAt: (head: Uint8Array, offset: number) => number | undefined,
  least = 2,
): boolean {
  let offset = 0
  for (let frames = 0; frames < 8; frames++) {
    if (offset + 8 > head.length) return frames >= least || (frames > 0 && offset === head.length)
    const size = sizeAt(head, offset)
    if (size === undefined) return false
    offset += size
  }
  return true
}

const KBIT_RATES: Record<string, readonly number[]> = {
  'MPEG-1 I': [32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  'MPEG-1 II': [32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  'MPEG-1 III': [32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  'MPEG-2 I': [32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  'MPEG-2 II': [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
  'MPEG-2 III': [8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
}
const SAMPLE_RATES = [44_100, 48_000, 32_000]
const LAYERS = ['', 'III', 'II', 'I']

/** Bytes of an MPEG audio frame with its header, undefined if there is none: ISO/IEC 11172-3, 2.4.1.3. */
function mpegFrameSize(head: Uint8Array, offset: number): number | undefined {
  const [sync = 0, version = 0, rates = 0] = head.subarray(offset, offset + 3)
  if (sync !== 0xff || (version & 0xe0) !== 0xe0) return undefined
  const id = (version >> 3) & 3
  const layer = LAYERS[(version >> 1) & 3] as string
  const isFirst = id === 3
  const kbits = KBIT_RATES[`MPEG-${isFirst ? 1 : 2} ${layer}`]?.[(rates >> 4) - 1]
  const sampleRate = (SAMPLE_RATES[(rates >> 2) & 3] ?? 0) / (isFirst ? 1 : id === 2 ? 2 : 4)
  if (id === 1 || kbits === undefined || sampleRate === 0) return undefined
  const padding = (rates >> 1) & 1
  if (layer === 'I') return (Math.floor((12_000 * kbits) / sampleRate) + padding) * 4
  const samples = layer === 'III' && !isFirst ? 72_000 : 144_000
  return Math.floor((samples * kbits) / sampleRate) + padding
}

/** AAC in ADTS frames: ISO/IEC 13818-7, 6.2. */
export function isAdts(head: Uint8Array): boolean {
  return hasFrames(head, adtsFrameSize)
}

/** A frame has at most 768 bytes for each channel. */
function adtsFrameSize(head: Uint8Array, offset: number): number | undefined {
  if (head[offset] !== 0xff || ((head[offset + 1] ?? 0) & 0xf6) !== 0xf0) return undefined
  const size = (uintBE(head, offset + 3, 3) >> 5) & 0x1fff
  const rate = ((head[offset + 2] ?? 0) >> 2) & 0x0f
  const channels = (uintBE(head, offset + 2, 2) >> 6) & 7 || 8
  return size < 7 || size > 768 * channels + 9 || rate > 12 ? undefined : size
}

/** AC-3, and E-AC-3 with another header: ETSI TS 102 366, 4.4.1 and E.1.3.1. */
export function isAc3(head: Uint8Array): boolean {
  return hasFrames(head, ac3FrameSize)
}

const AC3_KBIT_RATES = [
  32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 576, 640,
]

function ac3FrameSize(head: Uint8Array, offset: number): number | undefined {
  if (!hasAt(head, offset, [0x0b, 0x77])) return undefined
  const version = (head[offset + 5] ?? 0xff) >> 3
  if (version > 16) return undefined
  if (version > 10) return ((uintBE(head, offset + 2, 2) & 0x7ff) + 1) * 2
  const code = head[offset + 4] ?? 0xff
  const kbits = AC3_KBIT_RATES[(code & 0x3f) >> 1]
  const sampleRate = [48_000, 44_100, 32_000][code >> 6]
  if (kbits === undefined || sampleRate === undefined) return undefined
  // Words of two bytes. At 44.1 kHz, every second code has one more.
  return (Math.floor((96_000 * kbits) / sampleRate) + (sampleRate === 44_100 ? code & 1 : 0)) * 2
}

export function isAiff(head: Uint8Array): boolean {
  return hasAt(head, 8, 'AIFF') || hasAt(head, 8, 'AIFC')
}

export function isMidi(head: Uint8Array): boolean {
  return uintBE(head, 4, 4) === 6 && uintBE(head, 8, 2) <= 2
}

export function isFlac(head: Uint8Array): boolean {
  return hasAt(head, 5, [0, 0, 34]) && ((head[4] ?? 0xff) & 0x7f) === 0
}

/** RFC 3533, 6: the first page of a stream. */
export function isOgg(head: Uint8Array): boolean {
  return head[4] === 0 && ((head[5] ?? 0) & 0xfa) === 2
}
