import { STATUS_CODES } from 'node:http'
import { UploadError } from './errors.ts'
import type { Settings } from './settings.ts'
import type { UploadResult } from './types.ts'

/** What an adapter writes to its response. */
export interface Answer {
  status: number
  headers: Record<string, string>
  body: string
}

/** 201 with the result. */
export function answerResult(result: UploadResult): Answer {
  return { status: 201, headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(result) }
}

/**
 * Problem details (https://www.rfc-editor.org/rfc/rfc9457), without what is not for the client. An error that is
 * answered here reaches no error handler of the framework: a fault of the server is printed, unless `onError`
 * has it.
 *
 * @returns nothing when the client has gone
 */
export function answerError(error: unknown, { onError }: Settings): Answer | undefined {
  const { headers, ...problem } = error instanceof UploadError ? problemOf(error) : foreignProblemOf(error)
  // biome-ignore lint/suspicious/noConsole: as the error handlers of Express and Koa do
  if (problem.status >= 500 && onError === undefined) console.error(error)
  if (problem.code === 'ABORTED') return undefined
  return {
    status: problem.status,
    headers: { ...headers, 'Content-Type': 'application/problem+json' },
    body: JSON.stringify({ type: 'about:blank', ...problem }),
  }
}

interface Problem
  extends Partial<Pick<UploadError, 'code' | 'field' | 'filename' | 'limit' | 'allowed' | 'headers'>> {
  title: string
  status: number
  detail: string | undefined
}

function problemOf(error: UploadError): Problem {
  const { title, status, code, expose, message, field, filename, limit, allowed, headers } = error
  return {
    title,
    status,
    code,
    detail: expose ? message : undefined,
    field,
    filename,
    limit,
    allowed,
    headers,
  }
}

/** What a hook threw: the status and message that http-errors would have given it, else a plain 500. */
function foreignProblemOf(error: unknown): Problem {
  const { statusCode, expose, message } = Object(error) as {
    statusCode?: number
    expose?: boolean
    message?: string
  }
  const status = statusCode !== undefined && statusCode >= 400 && STATUS_CODES[statusCode] ? statusCode : 500
  return {
    title: STATUS_CODES[status] as string,
    status,
    detail: (expose ?? (status < 500 && status === statusCode)) ? message : undefined,
  }
}
