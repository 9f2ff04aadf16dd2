/** S3 keys have at most 1,024 bytes. Nothing longer helps the reader of a message. */
const MAX_CHARACTERS = 1024

/**
 * Control characters (C0, DEL, C1), line separators, marks that reorder the text around them
 * (https://www.unicode.org/reports/tr9/), and lone surrogates.
 */
const UNSAFE = /[\p{Cc}\p{Cs}\u2028\u2029\u061C\u200E\u200F\u202A-\u202E\u2066-\u2069]/gu

const SHORT_ESCAPES: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/**
 * Returns a string of a client or an application as messages and logs show it. A client chooses field names, filenames and often keys: with a line
 * break in one of them it could forge a line of a log, with ESC it could control a terminal. The other characters stay,
 * and more than 1,024 of them are cut off.
 */
export function escapeText(text: string): string {
  if (text.length > MAX_CHARACTERS) return `${escapeText(headOf(text))}…`
  return text.replace(
    UNSAFE,
    character => SHORT_ESCAPES[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** Never ends between the two halves of a character. */
function headOf(text: string): string {
  return text.slice(0, MAX_CHARACTERS).replace(/[\uD800-\uDBFF]$/, '')
}
