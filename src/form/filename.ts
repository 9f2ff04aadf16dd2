import { decodeText, decodeWindows1252 } from './text.ts'

/** How a client named a file. */
export interface FileName {
  /** The last segment of the path, cleaned. */
  filename: string
  /** The relative path, cleaned. Undefined if the client sent only a name. */
  path: string | undefined
}

/** UTF-8: the limit of most file systems. */
const MAX_FILENAME_BYTES = 255

const BROWSER_ESCAPES: Record<string, string> = { '%22': '"', '%0A': '\n', '%0D': '\r' }
// What encodeURIComponent makes of a name with at least one character above U+007F. Browsers do not escape "%", so a
// file that is really called "report%20final.pdf" keeps its name.
const PERCENT_ENCODED = /^(?=.*%[89a-f][\da-f])(?:[\w.!~*'()-]|%[\da-f]{2})+$/i
// RFC 2047, 2.
const ENCODED_WORD = String.raw`=\?[\w-]+(?:\*[\w-]*)?\?(?:b\?[a-z\d+/]*={0,2}|q\?[!-<>@-~=]*)\?=`
const ENCODED_WORDS = new RegExp(`^${ENCODED_WORD}(?:[\\t ]+${ENCODED_WORD})*$`, 'i')
const EACH_WORD = /=\?([\w-]+)(?:\*[\w-]*)?\?([bq])\?([^?]*)\?=[\t ]*/gi

/**
 * Restores the name of a field or a file from what a browser made of it. There are only these three escapes:
 * https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
 */
export function unescapeName(name: string): string {
  return name.replace(/%22|%0A|%0D/g, code => BROWSER_ESCAPES[code] ?? code)
}

/**
 * Decodes the `filename` of a form part and cleans it. A name that is no text in the charset is decoded as windows-1252,
 * the fallback of browsers; a backslash separates no directories then, since it may be half a character.
 *
 * @param sent bytes as Latin-1 characters
 * @param charset of the form; UTF-8 by default
 */
export function decodeFilename(sent: string, charset: string | undefined): FileName {
  const encoded = decodeWords(sent) ?? decodePercent(sent)
  if (encoded !== undefined) return cleanFilename(encoded)
  const bytes = Buffer.from(sent, 'latin1')
  const text = decodeText(bytes, charset)
  return text === undefined
    ? cleanFilename(unescapeName(decodeWindows1252(bytes)), /\//)
    : cleanFilename(unescapeName(text))
}

/** .NET sends encoded words (RFC 2047) if the application does not set FileNameStar. */
function decodeWords(sent: string): string | undefined {
  if (!ENCODED_WORDS.test(sent)) return undefined
  const words = [...sent.matchAll(EACH_WORD)].map(([, charset, encoding = '', text = '']) =>
    decodeText(
      /b/i.test(encoding) ? Buffer.from(text, 'base64') : unescapeBytes(text.replaceAll('_', ' '), '='),
      charset,
    ),
  )
  return words.includes(undefined) ? undefined : words.join('')
}

/** React Native, aiohttp and others. */
function decodePercent(sent: string): string | undefined {
  return PERCENT_ENCODED.test(sent) ? decodeText(unescapeBytes(sent, '%')) : undefined
}

/** Replaces an escape character and two hexadecimal digits by the byte. */
export function unescapeBytes(text: string, sign: '%' | '='): Buffer {
  const bytes = text.replace(new RegExp(`${sign}([\\da-f]{2})`, 'gi'), (_, hex) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1')
}

// Control characters, and those that display a name in another order: "gpj.exe" as "exe.jpg".
const UNWANTED = /\p{Control}|[\u202a-\u202e\u2066-\u2069]/gu

/**
 * Splits a path into its name and its directories, without control characters. Each segment has at most 255 bytes. The
 * name is empty if the path ends with a directory: `.` or `..`.
 */
export function cleanFilename(sent: string, separator = /[/\\]/): FileName {
  const segments = sent
    .replace(/^[a-z]:(?=[/\\])/i, '')
    .split(separator)
    .map(cleanSegment)
  const filename = segments.at(-1) ?? ''
  const path = segments.filter(segment => segment !== '')
  return { filename, path: filename !== '' && path.length > 1 ? path.join('/') : undefined }
}

function cleanSegment(segment: string): string {
  const name = segment.replace(UNWANTED, '').trim()
  return name === '.' || name === '..' ? '' : truncate(name)
}

/** Shortens the stem and keeps the extension. */
function truncate(name: string): string {
  if (Buffer.byteLength(name) <= MAX_FILENAME_BYTES) return name
  const extension = /\.\w{1,16}$/.exec(name)?.[0] ?? ''
  let stem = ''
  for (const character of name) {
    if (Buffer.byteLength(stem + character + extension) > MAX_FILENAME_BYTES) break
    stem += character
  }
  return stem + extension
}
