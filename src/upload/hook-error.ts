import { validateHeaderName, validateHeaderValue } from 'node:http'
import { UploadError } from '../shared/errors.ts'
import { httpStatusOf } from '../shared/http-status.ts'
import { isError } from '../shared/thrown.ts'
import {
  copyOf,
  type HookName,
  hookFailed,
  hookHasInvalidHeader,
  hookRefused,
  hookThrewNoError,
  refused,
} from '../shared/upload-errors.ts'

/**
 * Returns the error with which an upload fails if a hook throws this value. There is one rule for all hooks:
 *
 * - An `UploadError`, an error with a 4xx `status`, or any other `Error` refuses the upload.
 * - But a sign of an outage or of a bug in it, or in an error that caused it, makes it a fault of the server:
 *   `HOOK_FAILED`, whose message the client does not see.
 * - A value that is no error is a fault too. Express would take `null` for no error, and `'route'` for a command.
 */
export function hookError(hook: HookName, thrown: unknown): Error {
  try {
    return classify(hook, thrown)
  } catch {
    // A getter of the value threw. Nothing that reads it later must meet the same.
    return hookThrewNoError(hook, thrown)
  }
}

function classify(hook: HookName, thrown: unknown): Error {
  const status = httpStatusOf(thrown)
  const refuses = status !== undefined && status < 500
  if (!isError(thrown)) {
    return refuses && !isFault(thrown) ? hookRefused(status, thrown) : hookThrewNoError(hook, thrown)
  }
  if (thrown instanceof UploadError) return checkHeaders(hook, isUsable(thrown) ? thrown : copyOf(thrown))
  if (isFault(thrown)) return hookFailed(hook, thrown)
  if (status === undefined) return refused(thrown)
  if (isUsable(thrown)) return checkHeaders(hook, thrown)
  return refuses ? hookRefused(status, thrown) : hookFailed(hook, thrown)
}

/** Properties that errors may have, and that frameworks and loggers read. */
interface ErrorProperties extends Error {
  status?: unknown
  statusCode?: unknown
  headers?: unknown
  expose?: unknown
  code?: unknown
}

/** Loggers expect strings. Koa and we add properties, which throws if the error is frozen. */
function isUsable(error: Error): boolean {
  const { name, message, stack = '' } = error
  return Object.isExtensible(error) && [name, message, stack].every(text => typeof text === 'string')
}

/** `setHeader()` throws for an invalid header, in the middle of the response. */
function checkHeaders(hook: HookName, error: ErrorProperties): Error {
  for (const [name, value] of Object.entries(error.headers ?? {})) {
    try {
      validateHeaderName(name)
      for (const one of [value].flat()) validateHeaderValue(name, one)
    } catch {
      return hookHasInvalidHeader(hook, name, error)
    }
  }
  return error
}

/** Properties that errors of sockets, databases, the file system, the AWS SDK and HTTP clients have. */
const OUTAGE_PROPERTIES = ['code', 'errno', 'syscall', '$metadata', 'request', 'response']

/** `AbortSignal.timeout()`, and libraries that wait with a limit. */
const OUTAGE_NAMES = ['TimeoutError', 'AbortError']

/** The names of errors that the engine throws for mistakes in code. */
const BUG_NAMES = ['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError']

/** A getter can return a new cause each time. */
const MAX_CAUSES = 100

/** True if an error, or one that caused it, comes from an outage or from a bug. */
function isFault(thrown: unknown): boolean {
  const seen = new Set<unknown>([thrown])
  for (const error of seen) {
    if (error instanceof UploadError) {
      // Its author chose the status, so its own `code` says nothing.
      if (error.status >= 500) return true
      continue
    }
    if (seen.size > MAX_CAUSES || isOutage(error) || isBug(error)) return true
    for (const cause of causesOf(error)) seen.add(cause)
  }
  return false
}

function isOutage(error: unknown): boolean {
  const properties = error as Record<string, unknown>
  return (
    OUTAGE_PROPERTIES.some(name => (properties[name] ?? undefined) !== undefined) ||
    (isError(error) && OUTAGE_NAMES.includes(error.name))
  )
}

/** Looks at the prototypes, so that errors of another realm and subclasses count, and a name that code sets does not. */
function isBug(error: unknown): boolean {
  if (!isError(error)) return false
  let prototype: unknown = Object.getPrototypeOf(error)
  while (prototype !== null) {
    const name: unknown = Object.getOwnPropertyDescriptor(prototype, 'name')?.value
    if (BUG_NAMES.includes(name as string)) return true
    prototype = Object.getPrototypeOf(prototype)
  }
  return false
}

/** A cause can be any object. The other properties count if they hold errors: Zod lists its issues in `errors`. */
function causesOf(error: unknown): unknown[] {
  // AggregateError has `errors`, SuppressedError `error` and `suppressed`. Sequelize has `parent` and `original`.
  const { cause, errors, error: inner, suppressed, parent, original } = error as Record<string, unknown>
  const others = [...(Array.isArray(errors) ? errors : []), inner, suppressed, parent, original]
  return [...(Object(cause) === cause ? [cause] : []), ...others.filter(isError)]
}
