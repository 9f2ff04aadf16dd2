import { extname } from 'node:path'
import type { IncomingFile } from '../shared/types.ts'
import { canonicalType, typeOfExtension } from './type-names.ts'

/** What a client says of the type of a file. */
export interface TypeClaim {
  /** The media type in its canonical name. Undefined if the client declares none, or one that says nothing. */
  readonly type: string | undefined
  /** The type of the filename's extension. */
  readonly extensionType: string | undefined
}

/** Types that say that the type is not known. */
const NO_CLAIM = [
  'application/octet-stream',
  'binary/octet-stream',
  'application/unknown',
  'application/x-unknown',
]

/** Names that can be registered: https://www.rfc-editor.org/rfc/rfc6838#section-4.2. Not `text/*`. */
const MEDIA_TYPE = /^[\w!#$&^.+-]{1,127}\/[\w!#$&^.+-]{1,127}$/

export function claimOf({ type, contentType, filename }: IncomingFile): TypeClaim {
  // A Content-Type without a slash is no media type, and `type` is the default.
  const isType = contentType?.includes('/') === true && MEDIA_TYPE.test(type)
  const isDeclared = isType && !NO_CLAIM.includes(type)
  return {
    type: isDeclared ? canonicalType(type) : undefined,
    extensionType: typeOfExtension(extname(filename)),
  }
}

/**
 * Returns the claimed one of several types that have one signature: the declared type, or the type of the extension if the
 * client declares none. Undefined if it claims another type.
 *
 * @param generic a declared type that says no more than the signature
 */
export function claimedAmong(
  types: readonly string[],
  { type, extensionType }: TypeClaim,
  generic?: string,
): string | undefined {
  const claimed = type === undefined || type === generic ? extensionType : type
  return claimed !== undefined && types.includes(claimed) ? claimed : undefined
}
