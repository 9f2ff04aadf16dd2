export interface FormPart {
  name?: string
  filename?: string
  type?: string
  body?: string | Buffer
  /** Further lines of the part's head. */
  headers?: string[]
}

export const BOUNDARY = '----test-boundary'
export const FORM_TYPE = `multipart/form-data; boundary=${BOUNDARY}`

/** A form's bytes, exactly as given: `FormData` would put right what a test wants to be wrong. */
export function formBody(parts: FormPart[], end = `--${BOUNDARY}--\r\n`): Buffer {
  return Buffer.concat([...parts.map(partBytes), Buffer.from(end)])
}

function partBytes({ name, filename, type, body = '', headers = [] }: FormPart): Buffer {
  const disposition = [
    'form-data',
    ...(name === undefined ? [] : [`name="${name}"`]),
    ...(filename === undefined ? [] : [`filename="${filename}"`]),
  ]
  const head = [
    `--${BOUNDARY}`,
    `Content-Disposition: ${disposition.join('; ')}`,
    ...(type === undefined ? [] : [`Content-Type: ${type}`]),
    ...headers,
  ]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), Buffer.from(body), Buffer.from('\r\n')])
}

export function filePart(
  name: string,
  filename: string,
  body: string | Buffer,
  type = 'text/plain',
): FormPart {
  return { name, filename, type, body }
}
