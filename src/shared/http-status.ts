import { STATUS_CODES } from 'node:http'

/**
 * Returns the HTTP status that an error gives itself, as http-errors does: an integer from 400 in `status` or
 * `statusCode`. Otherwise undefined.
 */
export function httpStatusOf(error: unknown): number | undefined {
  const { status, statusCode } = Object(error) as { status?: unknown; statusCode?: unknown }
  const given = status ?? statusCode
  return Number.isInteger(given) && (given as number) >= 400 && STATUS_CODES[given as number]
    ? (given as number)
    : undefined
}
