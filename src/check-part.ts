import { UploadError } from './errors.ts'
import { unescapeName } from './filename.ts'
import type { PartHead } from './watch-parts.ts'

// Node decodes heads as latin1, so that bytes of UTF-8 are \x80 to \xff here.
const TOKEN = String.raw`[\w!#$%&'*+.^|~\x60-]+`
const QUOTED = String.raw`"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"`
const PLAIN = String.raw`[\w!#$%&'+.^|~-]+=(?:${QUOTED}|${TOKEN})`
const EXTENDED = String.raw`[\w!#$%&'+.^|~-]+\*=(?:utf-8|iso-8859-1)'[\w-]*'(?:%[\da-f]{2}|[\w!#$&+.^|~-])+`
const DISPOSITION = new RegExp(String.raw`^form-data(?:\s*;\s*(?:${EXTENDED}|${PLAIN}))*\s*$`, 'i')

/** RFC 7578, 4.2. Stricter than busboy where they differ: what is refused is not lost. */
function isFormData(head: PartHead): boolean {
  return DISPOSITION.test(head['content-disposition']?.[0] ?? '')
}

/** Throws `MALFORMED_BODY` for the head of a part that the parser would pass over. */
export function checkHead(head: PartHead): void {
  if (!isFormData(head)) {
    throw new UploadError(
      'MALFORMED_BODY',
      'A part of the form has no Content-Disposition of the kind form-data; name="…"; filename="…".',
    )
  }
  // A file input without a name for its file is one all the same; busboy knows that by this type alone.
  if (/;\s*filename=""/i.test(head['content-disposition']?.[0] ?? '')) {
    head['content-type'] = ['application/octet-stream']
  }
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
