import { UploadError } from './errors.ts'
import { unescapeName } from './filename.ts'
import type { PartHead } from './watch-parts.ts'

// Node decodes heads as latin1, so that bytes of UTF-8 are \x80 to \xff here.
const NAME = String.raw`[\w!#$%&'+.^|~\x60-]+`
const QUOTED = String.raw`"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"`
const EXTENDED = String.raw`(?:utf-8|iso-8859-1|us-ascii)'[\w-]*'(?:%[\da-f]{2}|[\w!#$&+.^|~\x60-])+`
const DISPOSITION = new RegExp(
  String.raw`^form-data(?:[\t ]*;[\t ]*${NAME}(?:\*=${EXTENDED}|=${QUOTED}))*$`,
  'i',
)

/**
 * Readies a Content-Disposition (RFC 7578, 4.2) for the parser, and throws `MALFORMED_BODY` for one that it would
 * pass over, and the file with it.
 */
export function checkHead(head: PartHead): void {
  const disposition = normalise(head['content-disposition']?.[0] ?? '')
  if (!DISPOSITION.test(disposition)) {
    throw new UploadError(
      'MALFORMED_BODY',
      'A part of the form has no Content-Disposition of the kind form-data; name="…"; filename="…".',
    )
  }
  // A file input without a name for its file is one all the same; to the parser it would be a field.
  head['content-disposition'] = [disposition.replace(/(;[\t ]*filename=)""/i, '$1" "')]
}

const QUOTED_STRINGS = /("(?:[^"\\]|\\.)*")/

/** What clients send that is not quite right, and cannot be misunderstood. */
function normalise(disposition: string): string {
  const pieces = disposition.split(QUOTED_STRINGS)
  return pieces
    .map((piece, index) => (index % 2 === 1 ? piece : quoteValues(escapeExtended(piece))))
    .join('')
    .replace(/[\t ;]+$/, '')
}

/** React Native escapes by encodeURI, which leaves more as it is than RFC 8187 allows. */
function escapeExtended(piece: string): string {
  return piece.replace(
    /(\*=[\w-]+'[\w-]*')([^;\t ]*)/g,
    (_, prefix: string, value: string) =>
      prefix + value.replace(/[^\w%!#$&+.^|~\x60-]/g, character => `%${hex(character)}`),
  )
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(2, '0')
}

/** .NET sends values without quotes; others do so with names that need them. */
function quoteValues(piece: string): string {
  return piece.replace(/([^*\t ;=]=)([^\t ;"][^;"]*?)(?=[\t ]*(?:;|$))/g, '$1"$2"')
}

/** RFC 7578, 4.2: every part has a name. */
export function checkName(name: string | undefined): string {
  if (name) return unescapeName(name)
  throw new UploadError('MALFORMED_BODY', 'A part of the form has no name.')
}

/** S3 has 8 KiB for all headers of a request; no media type comes near this. */
const LONGEST_TYPE = 255

export function checkType(type: string): string {
  return type.length <= LONGEST_TYPE ? type : 'application/octet-stream'
}

/** busboy has no text for a charset that Node does not know. */
export function checkCharset(name: string, value: string | undefined): void {
  if (value !== undefined) return
  throw new UploadError('UNSUPPORTED_ENCODING', `Field "${name}" is in an unknown charset; send UTF-8.`, {
    field: name,
    allowed: ['utf-8'],
  })
}

/** RFC 7578, 4.7: deprecated, and bytes in base64 would be stored as base64. */
export function checkTransferEncoding(encoding: string): void {
  if (['7bit', '8bit', 'binary'].includes(encoding)) return
  throw new UploadError(
    'UNSUPPORTED_ENCODING',
    `A file has Content-Transfer-Encoding ${encoding}; send its bytes as they are.`,
    { allowed: ['binary'] },
  )
}
