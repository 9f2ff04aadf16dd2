import { malformedForm, undecodableName } from '../shared/upload-errors.ts'
import { cleanFilename, decodeFilename, type FileName, unescapeBytes, unescapeName } from './filename.ts'
import { parseParameters, stripQuotes, unquote } from './parameters.ts'
import { decodeText } from './text.ts'

/** What a form part says about itself in `Content-Disposition: form-data` (RFC 7578, 4.2), decoded. */
export interface FormDataDisposition {
  name: string
  /** Undefined for a field. The filename is empty for a file input without a file. */
  file: FileName | undefined
}

// RFC 8187: charset, language and the escaped value. React Native escapes with encodeURI, which leaves more characters
// as they are.
const EXTENDED_VALUE = /^([\w-]+)'[\w-]*'((?:%[\da-f]{2}|[^%])+)$/i

/**
 * Throws `MALFORMED_BODY` for anything else: busboy would skip the form part, and lose a file.
 *
 * @param charset of the names; UTF-8 by default
 */
export function parseContentDisposition(
  header: string | undefined,
  charset: string | undefined,
): FormDataDisposition {
  const { value, parameters } = parseParameters(header ?? '')
  if (value !== 'form-data') throw invalidDisposition()
  const extended = parameters.get('filename*')
  const filename = parameters.get('filename')
  const file = decodeExtended(extended) ?? decodePlain(filename, charset)
  if (file === undefined && (extended ?? filename) !== undefined) throw invalidDisposition()
  return { name: decodeName(parameters.get('name'), charset), file }
}

function invalidDisposition() {
  return malformedForm(
    'A form part needs a header such as Content-Disposition: form-data; name="photo"; filename="cat.jpg".',
  )
}

/** RFC 7578, 4.2: every form part has a name. */
function decodeName(sent: string | undefined, charset: string | undefined): string {
  const name = unquote(sent)
  if (name === undefined) throw malformedForm('A form part has no name.')
  const text = decodeText(Buffer.from(name, 'latin1'), charset)
  if (text === undefined) throw undecodableName()
  return unescapeName(text)
}

function decodePlain(sent: string | undefined, charset: string | undefined): FileName | undefined {
  const filename = sent === undefined ? undefined : stripQuotes(sent)
  return filename === undefined ? undefined : decodeFilename(filename, charset)
}

function decodeExtended(sent: string | undefined): FileName | undefined {
  const [, charset, escaped = ''] = EXTENDED_VALUE.exec(unquote(sent) ?? '') ?? []
  const text = charset === undefined ? undefined : decodeText(unescapeBytes(escaped, '%'), charset)
  return text === undefined ? undefined : cleanFilename(text)
}
