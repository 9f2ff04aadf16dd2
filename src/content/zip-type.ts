import { hasAt, uintLE } from './bytes.ts'
import { claimedAmong, type TypeClaim } from './claim.ts'
import { officeType } from './office-type.ts'
import { type ZipEntry, zipEntries } from './zip-entries.ts'

const ZIP = 'application/zip'
const JAR = 'application/java-archive'
const APK = 'application/vnd.android.package-archive'

/** Types that the entry `mimetype` may name. It should be the first: OpenDocument 1.3 part 2, 3.3; EPUB OCF 3.3, 4.2.4. */
const NAMED_TYPE =
  /^(?:application\/(?:epub\+zip|vnd\.oasis\.opendocument\.[a-z-]{1,40}|vnd\.recordare\.musicxml|x-krita)|image\/openraster)$/

/**
 * Returns the type of a ZIP file by its entries in the head. `application/zip` if they show no other type, or several:
 * a file that two programs read as two things. Undefined if it is no ZIP file.
 */
export function zipType(head: Uint8Array, claim: TypeClaim): string | undefined {
  const entries = zipEntries(head)
  if (entries === undefined) return isEmptyZip(head) ? ZIP : undefined
  const types = [namedType(entries), officeType(entries, claim), packageType(entries, claim)]
  const found = types.filter(type => type !== undefined)
  return found.length === 1 ? found[0] : ZIP
}

/** The end of the directory: APPNOTE.TXT, 4.3.16. False if more than its comment follows. */
function isEmptyZip(head: Uint8Array): boolean {
  return hasAt(head, 0, 'PK\x05\x06') && uintLE(head, 10, 2) === 0 && 22 + uintLE(head, 20, 2) >= head.length
}

function namedType(entries: readonly ZipEntry[]): string | undefined {
  const entry = entries.find(({ name }) => name === 'mimetype')
  const type = entry?.content()?.toString('latin1').trim() ?? ''
  return NAMED_TYPE.test(type) ? type : undefined
}

/** Packages that certain entries tell. An APK can be a JAR file too: its signature has a manifest. */
function packageType(entries: readonly ZipEntry[], claim: TypeClaim): string | undefined {
  const has = (pattern: RegExp) => entries.some(({ name }) => pattern.test(name))
  if (has(/^(?:AndroidManifest\.xml|classes\d*\.dex|resources\.arsc)$/)) return APK
  if (has(/^META-INF\/mozilla\.rsa$/)) return 'application/x-xpinstall'
  if (has(/^META-INF\/MANIFEST\.MF$/i)) return claimedAmong([JAR, APK], claim) ?? JAR
  if (has(/^(?:Index\/.*\.iwa|Index\.zip)$/)) return claimedAmong(IWORK, claim)
  return entries[0]?.name === 'doc.kml' ? 'application/vnd.google-earth.kmz' : undefined
}

const IWORK = [
  'application/vnd.apple.pages',
  'application/vnd.apple.numbers',
  'application/vnd.apple.keynote',
]
