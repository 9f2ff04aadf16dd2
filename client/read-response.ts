import { UploadError } from './errors.ts'

/** Returns the JSON body of a successful response. Throws an UploadError for every other response. */
export function readResponse(xhr: XMLHttpRequest): unknown {
  const { status } = xhr
  const body = parseJson(xhr.responseText)
  if (status < 300) {
    if (body === undefined) throw new UploadError('BAD_ANSWER', 'The response is not JSON.', { status })
    return body
  }
  // RFC 9457 problem details, or any other body that a server or proxy sends with an error:
  // https://www.rfc-editor.org/rfc/rfc9457
  const { code, title, detail, field, filename, limit, allowed, issues } = Object(body)
  throw new UploadError(
    asString(code) ?? (status === 413 ? 'REQUEST_TOO_LARGE' : 'HTTP_ERROR'),
    asString(detail) ?? asString(title) ?? defaultMessage(status),
    {
      status,
      title,
      field,
      filename,
      limit,
      allowed,
      issues,
      retryAfter: parseRetryAfter(xhr.getResponseHeader('Retry-After')),
      problem: body,
    },
  )
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}

function asString(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function defaultMessage(status: number): string {
  if (status === 413) return 'The upload is too large for the server.'
  return `The server ${status < 500 ? 'rejected the upload' : 'failed'} (HTTP ${status}).`
}

/** Returns seconds. The header is seconds or a date: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after */
function parseRetryAfter(value: string | null): number | undefined {
  if (!value) return undefined
  const seconds = /^\d+$/.test(value) ? Number(value) : (Date.parse(value) - Date.now()) / 1000
  return seconds >= 0 ? seconds : undefined
}
