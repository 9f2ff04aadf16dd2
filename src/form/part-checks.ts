import { malformedForm, unknownCharset, unsupportedTransferEncoding } from '../shared/upload-errors.ts'
import { unescapeName } from './filename.ts'
import type { PartHead } from './form-scanner.ts'

// Node decodes heads as latin1, so that bytes of UTF-8 are \x80 to \xff here. A head can have 16 KiB: every pattern
// is anchored and reads each character once.
const NAME = /^[\w!#$%&'+.^|~\x60-]+$/
const QUOTED = /^"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"$/
const CHARSET = /^(?:utf-8|iso-8859-1|us-ascii)$/i
const LANGUAGE = /^[\w-]*$/
const ESCAPED = /^(?:%[\da-f]{2}|[\w!#$&+.^|~\x60-])+$/i

/**
 * Readies a Content-Disposition (RFC 7578, 4.2) for the parser, and throws `MALFORMED_BODY` for one that it would
 * pass over, and the file with it.
 */
export function checkHead(head: PartHead): void {
  const [kind = '', ...parameters] = splitParameters(head['content-disposition']?.[0] ?? '')
  const readable = parameters.map(readParameter)
  if (kind.toLowerCase() !== 'form-data' || readable.includes(undefined)) {
    throw malformedForm(
      'A form part needs a header such as Content-Disposition: form-data; name="photo"; filename="cat.jpg".',
    )
  }
  head['content-disposition'] = [['form-data', ...readable].join('; ')]
}

/** What stands between the semicolons that are in no quotes. A semicolon at the end is forgiven. */
function splitParameters(disposition: string): string[] {
  const pieces: string[] = []
  let start = 0
  let quoted = false
  for (let i = 0; i < disposition.length; i++) {
    const character = disposition[i]
    if (quoted && character === '\\') i++
    else if (character === '"') quoted = !quoted
    else if (character === ';' && !quoted) {
      pieces.push(trimBlanks(disposition.slice(start, i)))
      start = i + 1
    }
  }
  const last = trimBlanks(disposition.slice(start))
  return last === '' ? pieces : [...pieces, last]
}

/** Tab and blank only: to the parser, nothing else is one. */
function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text[start])) start++
  while (end > start && isBlank(text[end - 1])) end--
  return text.slice(start, end)
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}

/** A parameter as the parser reads it; what clients send that is not quite right is put right. */
function readParameter(parameter: string): string | undefined {
  const equals = parameter.indexOf('=')
  const name = parameter.slice(0, Math.max(0, equals))
  const value = parameter.slice(equals + 1)
  if (name.endsWith('*')) return readExtended(name, value)
  // .NET sends values without quotes; others do so with names that need them.
  const quoted = value.startsWith('"') ? value : `"${value}"`
  if (!NAME.test(name) || value === '' || !QUOTED.test(quoted)) return undefined
  // A file input without a name for its file is one all the same; to the parser it would be a field.
  return name.toLowerCase() === 'filename' && quoted === '""' ? `${name}=" "` : `${name}=${quoted}`
}

/** RFC 8187. React Native escapes by encodeURI, which leaves more as it is than is allowed. */
function readExtended(name: string, value: string): string | undefined {
  const [charset = '', language = '', ...rest] = value.split("'")
  const escaped = rest.join("'").replace(/[^\w%!#$&+.^|~\x60-]/g, character => `%${hex(character)}`)
  const isFine =
    NAME.test(name.slice(0, -1)) && CHARSET.test(charset) && LANGUAGE.test(language) && ESCAPED.test(escaped)
  return isFine ? `${name}=${charset}'${language}'${escaped}` : undefined
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(2, '0')
}

/** RFC 7578, 4.2: every part has a name. */
export function checkName(name: string | undefined): string {
  if (name) return unescapeName(name)
  throw malformedForm('A form part has no name.')
}

/** S3 has 8 KiB for all headers of a request; no media type comes near this. */
const LONGEST_TYPE = 255

export function checkType(type: string): string {
  return type.length <= LONGEST_TYPE ? type : 'application/octet-stream'
}

/** busboy has no text for a charset that Node does not know. */
export function checkCharset(name: string, value: string | undefined): void {
  if (value !== undefined) return
  throw unknownCharset(name)
}

/** RFC 7578, 4.7: deprecated, and bytes in base64 would be stored as base64. */
export function checkTransferEncoding(encoding: string): void {
  if (['7bit', '8bit', 'binary'].includes(encoding)) return
  throw unsupportedTransferEncoding(encoding)
}
