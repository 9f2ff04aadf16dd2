import { STATUS_CODES } from 'node:http'
import { UploadError } from '../shared/errors.ts'
import { escapeText } from '../shared/escape-text.ts'
import { httpStatusOf } from '../shared/http-status.ts'
import { describe } from '../shared/sizes.ts'
import { describeThrown, isError } from '../shared/thrown.ts'
import type { UploadResult } from '../shared/types.ts'

/** The response that an adapter sends. */
export interface HttpResponse {
  status: number
  headers: Record<string, string>
  body: string
}

/** The body echoes what the client sent. So no browser may take it for HTML. */
function headersFor(contentType: string): Record<string, string> {
  return { 'Content-Type': contentType, 'X-Content-Type-Options': 'nosniff' }
}

/**
 * Returns 201 with JSON: the value that `onStored` returned, or the result. The files are stored, so a value without a JSON
 * form only emits a process warning.
 */
export function resultResponse(result: UploadResult, value: unknown): HttpResponse {
  const body =
    (value === undefined ? undefined : toJson(value, 'The value that onStored returned')) ??
    toJson(result, 'The result of an upload') ??
    JSON.stringify({ files: result.files })
  return { status: 201, headers: headersFor('application/json'), body }
}

function toJson(value: unknown, name: string): string | undefined {
  let problem: string
  try {
    const json: unknown = JSON.stringify(value)
    if (typeof json === 'string') return json
    problem = `JSON.stringify() returned undefined for ${describe(value)}.`
  } catch (error) {
    problem = describeThrown(error)
  }
  process.emitWarning(`${name} has no JSON form: ${problem}`, 's3-upstream')
  return undefined
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
    // Not `{ ...headers, … }`: V8 would keep a hidden class for each response. See docs/architecture.md, "Why".
    headers: Object.assign({}, headers, headersFor('application/problem+json')),
    body: JSON.stringify(problem),
  }
}

interface Problem
  extends Partial<Pick<UploadError, 'code' | 'field' | 'filename' | 'limit' | 'allowed' | 'issues'>> {
  type: 'about:blank'
  title: string
  status: number
  detail: string | undefined
}

function uploadProblem(error: UploadError): Problem {
  const { title, status, code, expose, field, filename, limit, allowed, issues } = error
  const detail = expose ? detailOf(error) : undefined
  return { type: 'about:blank', title, status, code, detail, field, filename, limit, allowed, issues }
}

/** The message of a refusal is escaped for logs. In JSON, the client gets the text as the hook wrote it. */
function detailOf({ code, message, cause }: UploadError): string {
  if (code !== 'REFUSED' || !isError(cause)) return message
  // Not `cause.message`: the cause of an application's own UploadError may have a getter that throws.
  const text: unknown = Object.getOwnPropertyDescriptor(cause, 'message')?.value
  return typeof text === 'string' && escapeText(text) === message ? text : message
}

/** Reads an error of a hook as http-errors defines it. Without a usable status, it is a plain 500. */
function foreignProblem(error: unknown): Problem {
  const status = statusOf(error)
  const { expose = status < 500, message } = Object(error) as Partial<UploadError>
  const detail = expose && typeof message === 'string' ? message : undefined
  return { type: 'about:blank', title: STATUS_CODES[status] as string, status, detail }
}

function statusOf(error: unknown): number {
  return httpStatusOf(error) ?? 500
}
