import { describe } from './sizes.ts'
import { type ObjectParams, RESERVED_PARAMS } from './types.ts'

/** Throws `TypeError` for parameters that this library sets itself, or that cannot be known before the bytes. */
export function checkParams(params: unknown): ObjectParams {
  if (typeof params !== 'object' || params === null) {
    throw new TypeError(`params must be an object of PutObject's parameters; it is ${describe(params)}.`)
  }
  const reserved = RESERVED_PARAMS.filter(name => name in params)
  if (reserved.length > 0) {
    throw new TypeError(
      `params must not have ${reserved.join(', ')}: the bucket, the key and the bytes have options of their own.`,
    )
  }
  return params as ObjectParams
}
