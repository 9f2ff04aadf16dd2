import { isChecksum } from '../s3/checksum-fields.ts'
import { describe } from '../shared/sizes.ts'
import { type ObjectParams, RESERVED_PARAMS } from '../shared/types.ts'
import { encodeHeaders } from './header-params.ts'

/**
 * Returns the parameters as S3 can receive them. Throws `TypeError` for parameters that the library sets itself, that
 * depend on the bytes, or that a header cannot carry.
 *
 * @param name of the option, for errors
 */
export function checkParams(params: unknown, name = 'params'): ObjectParams {
  if (typeof params !== 'object' || params === null || Array.isArray(params)) {
    throw new TypeError(`${name} must be an object with parameters of PutObject; it is ${describe(params)}.`)
  }
  const reserved = Object.keys(params).filter(param => isReserved(param) || isChecksum(param))
  if (reserved.length > 0) {
    throw new TypeError(
      `${name} must not contain ${reserved.join(', ')}. Use bucket, key, prefix and ifExists; the library sets the rest.`,
    )
  }
  // A getter of the application is read once.
  return encodeHeaders({ ...params }, name)
}

function isReserved(name: string): boolean {
  return (RESERVED_PARAMS as readonly string[]).includes(name)
}
