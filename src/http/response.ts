import { STATUS_CODES } from 'node:http'
import { UploadError } from '../shared/errors.ts'
import type { UploadResult } from '../shared/types.ts'

/** The response that an adapter sends. */
export interface HttpResponse {
  status: number
  headers: Record<string, string>
  body: string
  /** Set while the client still sends. End the response when this resolves: Node then closes the connection. */
  endAfter: Promise<void> | undefined
}

/** Returns 201 with the result as JSON. */
export function resultResponse(result: UploadResult): HttpResponse {
  return {
    status: 201,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(result),
    endAfter: undefined,
  }
}

/**
 * True if the error defines its response: an `UploadError`, or an error of a hook with a 4xx `status`. Any other error
 * is a bug, which the framework's own error handler must see.
 */
export function definesResponse(error: unknown): boolean {
  return error instanceof UploadError || statusOf(error) < 500
}

/** Returns problem details (https://www.rfc-editor.org/rfc/rfc9457) without anything that the client must not see. */
export function problemResponse(error: unknown): HttpResponse {
  const problem = error instanceof UploadError ? uploadProblem(error) : foreignProblem(error)
  const headers = error instanceof UploadError ? error.headers : {}
  return {
    status: problem.status,
    // Not `{ ...headers, … }`: V8 would keep a hidden class for each response. See docs/architecture.md, "Why so".
    headers: Object.assign({}, headers, { 'Content-Type': 'application/problem+json' }),
    body: JSON.stringify(problem),
    endAfter: undefined,
  }
}

interface Problem extends Partial<Pick<UploadError, 'code' | 'field' | 'filename' | 'limit' | 'allowed'>> {
  type: 'about:blank'
  title: string
  status: number
  detail: string | undefined
}

function uploadProblem(error: UploadError): Problem {
  const { title, status, code, expose, message, field, filename, limit, allowed } = error
  const detail = expose ? message : undefined
  return { type: 'about:blank', title, status, code, detail, field, filename, limit, allowed }
}

/** Reads an error of a hook as http-errors defines it. Without a usable status, it is a plain 500. */
function foreignProblem(error: unknown): Problem {
  const status = statusOf(error)
  const { expose = status < 500, message } = Object(error) as Partial<UploadError>
  const detail = expose ? message : undefined
  return { type: 'about:blank', title: STATUS_CODES[status] as string, status, detail }
}

function statusOf(error: unknown): number {
  const { status, statusCode } = Object(error) as Partial<UploadError>
  const given = status ?? statusCode
  return Number.isInteger(given) && (given as number) >= 400 && STATUS_CODES[given as number]
    ? (given as number)
    : 500
}
