import { isChecksum } from '../s3/checksum-fields.ts'
import { describe } from '../shared/sizes.ts'
import { type ObjectParams, RESERVED_PARAMS } from '../shared/types.ts'

/** Throws `TypeError` for parameters that this library sets itself, or that cannot be known before the bytes. */
export function checkParams(params: unknown): ObjectParams {
  if (typeof params !== 'object' || params === null || Array.isArray(params)) {
    throw new TypeError(`params must be an object of PutObject's parameters; it is ${describe(params)}.`)
  }
  const reserved = Object.keys(params).filter(name => isReserved(name) || isChecksum(name))
  if (reserved.length > 0) {
    throw new TypeError(
      `params must not have ${reserved.join(', ')}: the bucket, the key, conditions (ifExists) and the bytes have options of their own.`,
    )
  }
  return params as ObjectParams
}

function isReserved(name: string): boolean {
  return (RESERVED_PARAMS as readonly string[]).includes(name)
}
