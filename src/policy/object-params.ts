import { isChecksum } from '../s3/checksum-fields.ts'
import { describe } from '../shared/sizes.ts'
import { type ObjectParams, RESERVED_PARAMS } from '../shared/types.ts'

/** Throws `TypeError` for parameters that the library sets itself, or that depend on the bytes. */
export function checkParams(params: unknown): ObjectParams {
  if (typeof params !== 'object' || params === null || Array.isArray(params)) {
    throw new TypeError(`params must be an object with parameters of PutObject; it is ${describe(params)}.`)
  }
  const reserved = Object.keys(params).filter(name => isReserved(name) || isChecksum(name))
  if (reserved.length > 0) {
    throw new TypeError(
      `params must not contain ${reserved.join(', ')}. Use bucket, key, prefix and ifExists; the library sets the rest.`,
    )
  }
  return params as ObjectParams
}

function isReserved(name: string): boolean {
  return (RESERVED_PARAMS as readonly string[]).includes(name)
}
