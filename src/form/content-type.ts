import { boundaryTooLong, missingBoundary } from '../shared/upload-errors.ts'
import { type ParameterizedValue, parseParameters } from './parameters.ts'

/** RFC 2046 allows 70 characters. The search for a boundary takes longer with each of them. */
const MAX_BOUNDARY_BYTES = 256

const MEDIA_TYPE = /^[!#$%&'*+.^_`|~\w-]+\/[!#$%&'*+.^_`|~\w-]+$/

/** Parses a Content-Type (RFC 9110, 8.3.1). Returns undefined for what is none. */
export function parseContentType(header: string): ParameterizedValue | undefined {
  const parsed = parseParameters(header)
  return parsed && MEDIA_TYPE.test(parsed.value) ? parsed : undefined
}

/** Returns the boundary of a form, or throws `MISSING_BOUNDARY`. */
export function readBoundary(contentType: string): string {
  const boundary = parseContentType(contentType)?.parameters.get('boundary')
  if (!boundary) throw missingBoundary()
  if (boundary.length > MAX_BOUNDARY_BYTES) throw boundaryTooLong(boundary.length, MAX_BOUNDARY_BYTES)
  return boundary
}
