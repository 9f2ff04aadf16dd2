import { isWellFormedType, type ParameterizedValue, parseParameters } from './parameters.ts'

const MEDIA_TYPE = /^[!#$%&'*+.^_`|~\w-]+\/[!#$%&'*+.^_`|~\w-]+$/
/** S3 accepts 8 KiB for all headers of a request. No media type comes near this. */
const MAX_TYPE_LENGTH = 255
const TEXT = /^(?:text\/.*|application\/(?:.*\+)?(?:json|xml)|application\/x-www-form-urlencoded)$/

/**
 * Parses a Content-Type as browsers do (https://mimesniff.spec.whatwg.org/#parsing-a-mime-type): a malformed parameter
 * does not cost the type. Returns undefined for what is no media type.
 */
export function parseContentType(header: string): ParameterizedValue | undefined {
  const parsed = parseParameters(header)
  return MEDIA_TYPE.test(parsed.value) ? parsed : undefined
}

/** True for the types that clients give to fields. */
export function isText(type: string): boolean {
  return TEXT.test(type)
}

/** Returns the type with its parameters as the client sent them if all are well-formed, else the type alone. */
export function storableType(type: string, declared: string | undefined): string {
  if (declared === undefined || declared.length > MAX_TYPE_LENGTH || !isWellFormedType(declared)) return type
  return type + declared.slice(type.length)
}

/** Returns a type that is not longer than S3 accepts. */
export function limitType(type: string): string {
  return type.length > MAX_TYPE_LENGTH ? 'application/octet-stream' : type
}
