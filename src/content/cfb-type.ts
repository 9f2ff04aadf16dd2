import { hasAt, uintLE } from './bytes.ts'
import { claimedAmong, type TypeClaim } from './claim.ts'

const CFB = 'application/x-cfb'
const MSI = 'application/x-msi'

/** Types of files in the Compound File Binary format, by an entry that only they have. */
const ENTRIES = new Map([
  ['WordDocument', 'application/msword'],
  ['Workbook', 'application/vnd.ms-excel'],
  ['Book', 'application/vnd.ms-excel'],
  ['PowerPoint Document', 'application/vnd.ms-powerpoint'],
  ['__properties_version1.0', 'application/vnd.ms-outlook'],
  ['VisioDocument', 'application/vnd.visio'],
  ['Quill', 'application/x-mspublisher'],
])

const TYPES = [...ENTRIES.values(), 'application/vnd.ms-project', MSI]

/** Class of the root entry of an installer. */
const MSI_CLASS = [0x84, 0x10, 0x0c, 0, 0, 0, 0, 0, 0xc0, 0, 0, 0, 0, 0, 0, 0x46]
const ENTRY_BYTES = 128

/**
 * Returns the type of a file in the Compound File Binary format ([MS-CFB]): DOC, XLS, PPT, MSI. Its directory tells, if the
 * head has it. Otherwise the claim does among these types. `application/x-cfb` if neither does. Undefined if it is none.
 */
export function cfbType(head: Uint8Array, claim: TypeClaim): string | undefined {
  const shift = uintLE(head, 30, 2)
  const isCfb = hasAt(head, 28, [0xfe, 0xff]) && (shift === 9 || shift === 12)
  if (!isCfb) return undefined
  const types = directoryTypes(head, (uintLE(head, 48, 4) + 1) * 2 ** shift)
  if (types.size > 1) return CFB
  return [...types][0] ?? claimedAmong(TYPES, claim, CFB) ?? CFB
}

/** [MS-CFB], 2.6.1 */
function directoryTypes(head: Uint8Array, directory: number): Set<string> {
  const types = new Set<string>()
  for (let entry = directory; entry + ENTRY_BYTES <= head.length; entry += ENTRY_BYTES) {
    const nameSize = Math.min(Math.max(uintLE(head, entry + 64, 2) - 2, 0), 62)
    const name = Buffer.from(head.subarray(entry, entry + nameSize)).toString('utf16le')
    const type = hasAt(head, entry + 80, MSI_CLASS) ? MSI : ENTRIES.get(name)
    if (type !== undefined) types.add(type)
  }
  return types
}
