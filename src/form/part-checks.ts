import { malformedForm, unsupportedTransferEncoding } from '../shared/upload-errors.ts'
import { parseContentDisposition } from './content-disposition.ts'
import { parseContentType } from './content-type.ts'
import { cleanFilename, unescapeName } from './filename.ts'
import { parsePartHeaders } from './part-headers.ts'

/** What the headers of a form part say, checked. */
export interface PartHead {
  field: string
  /** Undefined for a field. Empty for a file input without a file. */
  filename: string | undefined
  /** Media type in lower case, without parameters. */
  type: string
  charset: string | undefined
}

/** S3 accepts 8 KiB for all headers of a request. No media type comes near this. */
const MAX_TYPE_LENGTH = 255

/** RFC 7578, 4.7: the others are deprecated. The bytes of a base64 file would be stored as base64. */
const PLAIN_ENCODINGS = ['7bit', '8bit', 'binary']

/** Throws `MALFORMED_BODY` or `UNSUPPORTED_ENCODING`. */
export function readPartHead(bytes: Buffer): PartHead {
  const headers = parsePartHeaders(bytes)
  const { name, filename } = parseContentDisposition(headers.get('content-disposition'))
  const { value: type = 'text/plain', parameters } = parseContentType(headers.get('content-type') ?? '') ?? {}
  // Some clients send a file without a filename. The type says that it is no text.
  const isFile = filename !== undefined || type === 'application/octet-stream'
  if (isFile) checkTransferEncoding(headers.get('content-transfer-encoding'))
  return {
    field: checkName(name),
    filename: isFile ? cleanFilename(filename ?? '') : undefined,
    type: type.length > MAX_TYPE_LENGTH ? 'application/octet-stream' : type,
    charset: parameters?.get('charset'),
  }
}

/** RFC 7578, 4.2: every form part has a name. */
function checkName(name: string | undefined): string {
  if (!name) throw malformedForm('A form part has no name.')
  return unescapeName(name)
}

function checkTransferEncoding(encoding = 'binary'): void {
  if (!PLAIN_ENCODINGS.includes(encoding.toLowerCase())) throw unsupportedTransferEncoding(encoding)
}
