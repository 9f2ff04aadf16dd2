import { hasAt, uintBE, uintLE } from './bytes.ts'
import { claimedAmong, type TypeClaim } from './claim.ts'

const DNG = 'image/x-adobe-dng'
const CR2 = 'image/x-canon-cr2'
/** Raw images of cameras that are TIFF files. */
const RAW_TYPES = [DNG, CR2, 'image/x-nikon-nef', 'image/x-sony-arw', 'image/x-pentax-pef']
const DNG_VERSION = 50_706

/**
 * Returns the type of a TIFF file (TIFF 6.0, section 2; BigTIFF). Most programs write the directory behind the image: it
 * is checked if the head has it. Undefined if it is no TIFF file.
 */
export function tiffType(head: Uint8Array, claim: TypeClaim, isWhole: boolean): string | undefined {
  const uint = hasAt(head, 0, 'II') ? uintLE : uintBE
  const isBig = uint(head, 2, 2) === 43
  if (isBig) return uint(head, 4, 2) === 8 && uint(head, 6, 2) === 0 ? 'image/tiff' : undefined
  const directory = uint(head, 4, 4)
  if (!(directory >= 8) || directory % 2 !== 0 || (isWhole && directory > head.length)) return undefined
  const tags = tagsOf(head, directory, uint)
  if (tags === undefined) return undefined
  if (hasAt(head, 8, 'CR')) return CR2
  return tags.includes(DNG_VERSION) ? DNG : (claimedAmong(RAW_TYPES, claim) ?? 'image/tiff')
}

/** The tags of a directory, as far as the head has it. Undefined if it is no directory. */
function tagsOf(head: Uint8Array, directory: number, uint: typeof uintLE): number[] | undefined {
  const tags: number[] = []
  const count = uint(head, directory, 2)
  if (count === 0) return undefined
  for (let entry = directory + 2; tags.length < count && entry + 4 <= head.length; entry += 12) {
    const [tag, kind] = [uint(head, entry, 2), uint(head, entry + 2, 2)]
    if (kind < 1 || kind > 18) return undefined
    tags.push(tag)
  }
  return tags
}
