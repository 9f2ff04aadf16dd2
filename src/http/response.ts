import { STATUS_CODES } from 'node:http'
import type { ResolvedOptions } from '../options/resolve-options.ts'
import { UploadError } from '../shared/errors.ts'
import type { UploadResult } from '../shared/types.ts'

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
 * Whether an error says what is to be answered: ours, and what a hook threw with a 4xx `status`. Anything else is a
 * bug, and for the framework's own error handler.
 */
export function isAnswerable(error: unknown): boolean {
  return error instanceof UploadError || statusOf(error) < 500
}

/**
 * Problem details (https://www.rfc-editor.org/rfc/rfc9457), without what is not for the client. An error that is
 * answered here reaches no error handler of the framework: a fault of the server is printed, unless `onError`
 * has it.
 *
 * @returns nothing when the client has gone
 */
export function answerError(error: unknown, { onError }: ResolvedOptions): Answer | undefined {
  const { headers, ...problem } = error instanceof UploadError ? problemOf(error) : foreignProblemOf(error)
  // biome-ignore lint/suspicious/noConsole: as the error handlers of Express and Koa do
  if (isFault(problem) && onError === undefined) console.error(error)
  if (problem.code === 'ABORTED') return undefined
  return {
    status: problem.status,
    headers: { ...headers, 'Content-Type': 'application/problem+json' },
    body: JSON.stringify({ type: 'about:blank', ...problem }),
  }
}

/** A cancelled upload is the server's own wish. */
function isFault({ status, code }: Problem): boolean {
  return status >= 500 && code !== 'CANCELLED'
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

/** What a hook threw: its own status and message, as http-errors has them, else a plain 500. */
function foreignProblemOf(error: unknown): Problem {
  const status = statusOf(error)
  const { expose = status < 500, message } = Object(error) as Partial<UploadError>
  return { title: STATUS_CODES[status] as string, status, detail: expose ? message : undefined }
}

function statusOf(error: unknown): number {
  const { status, statusCode } = Object(error) as Partial<UploadError>
  const given = status ?? statusCode
  return Number.isInteger(given) && (given as number) >= 400 && STATUS_CODES[given as number]
    ? (given as number)
    : 500
}
