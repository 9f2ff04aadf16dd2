import { UploadError } from './errors.ts'

/** The JSON of a success. Throws for everything else that a server, or a proxy before it, may answer. */
export function readAnswer(xhr: XMLHttpRequest): unknown {
  const { status } = xhr
  const body = parse(xhr.responseText)
  if (status < 300) {
    if (body === undefined)
      throw new UploadError('BAD_ANSWER', 'The server’s answer is not JSON.', { status })
    return body
  }
  // https://www.rfc-editor.org/rfc/rfc9457, and whatever else a server may call an error
  const { code, title, detail, field, filename, limit, allowed } = Object(body)
  throw new UploadError(
    text(code) ?? (status === 413 ? 'REQUEST_TOO_LARGE' : 'HTTP_ERROR'),
    text(detail) ?? text(title) ?? inWords(status),
    {
      status,
      title,
      field,
      filename,
      limit,
      allowed,
      retryAfter: secondsOf(xhr.getResponseHeader('Retry-After')),
      problem: body,
    },
  )
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function inWords(status: number): string {
  if (status === 413) return 'The server takes nothing as large as this.'
  return `The server ${status < 500 ? 'refused the upload' : 'failed'} (${status}).`
}

/** Seconds or a date: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
function secondsOf(value: string | null): number | undefined {
  if (!value) return undefined
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000
  return seconds >= 0 ? seconds : undefined
}
