import { malformedForm } from '../shared/upload-errors.ts'
import { parseParameters } from './parameters.ts'

/** What a form part says about itself in `Content-Disposition: form-data` (RFC 7578, 4.2), decoded. */
export interface FormDataDisposition {
  name: string | undefined
  /** Undefined for a field. Empty for a file input without a file. */
  filename: string | undefined
}

// RFC 8187: charset, language and the escaped value.
const EXTENDED_VALUE = /^(utf-8|iso-8859-1|us-ascii)'[\w-]*'(.+)$/i
const ESCAPED = /^(?:%[\da-f]{2}|[^%])+$/i

/** Throws `MALFORMED_BODY` for anything else: busboy would skip the form part, and lose a file. */
export function parseContentDisposition(header: string | undefined): FormDataDisposition {
  const { value, parameters } = parseParameters(header ?? '') ?? {}
  if (value !== 'form-data' || parameters === undefined) throw invalidDisposition()
  const extended = parameters.get('filename*')
  return {
    name: decodeUtf8(parameters.get('name')),
    filename: extended === undefined ? decodeUtf8(parameters.get('filename')) : decodeExtended(extended),
  }
}

function invalidDisposition() {
  return malformedForm(
    'A form part needs a header such as Content-Disposition: form-data; name="photo"; filename="cat.jpg".',
  )
}

/** Headers are read as Latin-1, and browsers send UTF-8. */
function decodeUtf8(text: string | undefined): string | undefined {
  return text === undefined ? undefined : Buffer.from(text, 'latin1').toString('utf8')
}

/** React Native escapes with encodeURI, which leaves more characters as they are than RFC 8187 allows. */
function decodeExtended(value: string): string {
  const [, charset = '', escaped = ''] = EXTENDED_VALUE.exec(value) ?? []
  if (!ESCAPED.test(escaped)) throw invalidDisposition()
  const bytes = escaped.replace(/%../g, code => String.fromCharCode(Number.parseInt(code.slice(1), 16)))
  return charset.toLowerCase() === 'utf-8' ? (decodeUtf8(bytes) as string) : bytes
}
