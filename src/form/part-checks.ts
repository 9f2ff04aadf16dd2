import { nestedForm, unsupportedTransferEncoding } from '../shared/upload-errors.ts'
import { parseContentDisposition } from './content-disposition.ts'
import { isText, limitType, parseContentType } from './content-type.ts'
import type { FileName } from './filename.ts'
import { unquote } from './parameters.ts'
import { parsePartHeaders } from './part-headers.ts'

/** What the headers of a form part say, checked. */
export interface PartHead {
  field: string
  /** Undefined for a field. The filename is empty for a file input without a file. */
  file: FileName | undefined
  /** Media type in lower case, without parameters. */
  type: string
  /** The Content-Type as the client sent it. */
  contentType: string | undefined
  charset: string | undefined
}

/** RFC 7578, 4.7 deprecates them. The bytes of a base64 file would be stored as base64. */
const ENCODED = /^(?:base64|quoted-printable|(?:x-)?uu(?:encode)?)(?![^\t ;])/i

/**
 * Throws `MALFORMED_BODY` or `UNSUPPORTED_ENCODING`.
 *
 * @param charset of the names in this form; UTF-8 by default
 */
export function readPartHead(bytes: Buffer, charset: string | undefined): PartHead {
  const headers = parsePartHeaders(bytes)
  const { name, file } = parseContentDisposition(headers.get('content-disposition'), charset)
  checkTransferEncoding(headers.get('content-transfer-encoding'))
  const contentType = headers.get('content-type')
  const { value: type = 'text/plain', parameters } = parseContentType(contentType ?? '') ?? {}
  // RFC 7578, 4.3 deprecates nested forms. curl makes them of several files for one field.
  if (file === undefined && type.startsWith('multipart/')) throw nestedForm(name)
  return {
    field: name,
    // Some clients send a file without a filename. The type says that it is no text.
    file: file ?? (isText(type) ? undefined : { filename: '', path: undefined }),
    type: limitType(type),
    contentType,
    charset: unquote(parameters?.get('charset')),
  }
}

function checkTransferEncoding(encoding = 'binary'): void {
  if (ENCODED.test(encoding)) throw unsupportedTransferEncoding(encoding)
}
