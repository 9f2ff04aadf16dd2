import { isUtf8 } from 'node:buffer'
import { hasAt } from './bytes.ts'

const UTF_8_MARK = [0xef, 0xbb, 0xbf]
const UTF_16_LE_MARK = [0xff, 0xfe]
const UTF_16_BE_MARK = [0xfe, 0xff]

/** C0 controls except TAB, LF, FF and CR; DEL; noncharacters. ESC begins colours in the logs of programs. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the control characters are what it looks for.
const NO_TEXT = /[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f\x7f\ufffe\uffff]/

/** Half of a character outside the Basic Multilingual Plane. */
const LONE_SURROGATE = /\p{Surrogate}/u

/**
 * Returns the text of a head: UTF-8, or UTF-16 with a byte order mark. Undefined if it is no text. A character that is cut
 * at the end of the head is left out.
 *
 * @param isWhole true if the head is the whole file
 */
export function textOf(head: Uint8Array, isWhole: boolean): string | undefined {
  const text = utf16Of(head, isWhole) ?? utf8Of(head, isWhole)
  return text === undefined || NO_TEXT.test(text) || LONE_SURROGATE.test(text) ? undefined : text
}

function utf8Of(head: Uint8Array, isWhole: boolean): string | undefined {
  const start = hasAt(head, 0, UTF_8_MARK) ? UTF_8_MARK.length : 0
  const bytes = bufferOf(head).subarray(start, isWhole ? head.length : head.length - cutBytes(head))
  return isUtf8(bytes) ? bytes.toString() : undefined
}

/** Returns the bytes at the end that begin a character of more bytes: https://www.rfc-editor.org/rfc/rfc3629#section-3 */
function cutBytes(head: Uint8Array): number {
  const tail = head.subarray(-3)
  const lead = tail.findLastIndex(byte => byte >= 0xc2 && byte <= 0xf4)
  const byte = tail[lead]
  if (byte === undefined) return 0
  const size = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2
  const cut = tail.length - lead
  return cut < size ? cut : 0
}

/** Undefined without a byte order mark, and for a whole file of an odd length. */
function utf16Of(head: Uint8Array, isWhole: boolean): string | undefined {
  const isBigEndian = hasAt(head, 0, UTF_16_BE_MARK)
  if (!isBigEndian && !hasAt(head, 0, UTF_16_LE_MARK)) return undefined
  const odd = head.length % 2
  if (isWhole && odd !== 0) return undefined
  const bytes = bufferOf(head).subarray(2, head.length - odd)
  const text = (isBigEndian ? Buffer.from(bytes).swap16() : bytes).toString('utf16le')
  return isWhole ? text : text.replace(/[\ud800-\udbff]$/, '')
}

function bufferOf(head: Uint8Array): Buffer {
  return Buffer.from(head.buffer, head.byteOffset, head.length)
}

/**
 * Returns bytes that are no text as browsers read them, if `<` or `#` comes first: each byte is a character, unless there
 * is a byte order mark.
 */
export function markupOf(head: Uint8Array): string | undefined {
  const mark = [UTF_8_MARK, UTF_16_LE_MARK, UTF_16_BE_MARK].find(bytes => hasAt(head, 0, bytes))
  const first = head.subarray(mark?.length ?? 0).find(byte => !BLANKS.includes(byte))
  if (first !== LESS_THAN && first !== NUMBER_SIGN) return undefined
  if (mark === undefined) return bufferOf(head).toString('latin1')
  return mark === UTF_8_MARK ? bufferOf(head).toString('latin1', mark.length) : utf16Of(head, false)
}

const LESS_THAN = 0x3c
const NUMBER_SIGN = 0x23
/** White space of HTML, and the zeros of UTF-16. */
const BLANKS = [0, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20, 0xa0]
