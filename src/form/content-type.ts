import { type ParameterizedValue, parseParameters } from './parameters.ts'

const MEDIA_TYPE = /^[!#$%&'*+.^_`|~\w-]+\/[!#$%&'*+.^_`|~\w-]+$/

/** Parses a Content-Type (RFC 9110, 8.3.1). Returns undefined for what is none. */
export function parseContentType(header: string): ParameterizedValue | undefined {
  const parsed = parseParameters(header)
  return parsed && MEDIA_TYPE.test(parsed.value) ? parsed : undefined
}
