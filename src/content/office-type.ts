import { claimedAmong, type TypeClaim } from './claim.ts'
import type { ZipEntry } from './zip-entries.ts'

const OPEN_XML = 'application/vnd.openxmlformats-officedocument.'

/** Media types by the content type of the main part, without `.main` and what follows it. In lower case. */
const MAIN_TYPES = new Map([
  ...[
    'wordprocessingml.document',
    'wordprocessingml.template',
    'spreadsheetml.sheet',
    'spreadsheetml.template',
    'presentationml.presentation',
    'presentationml.slideshow',
    'presentationml.template',
  ].map(name => [`${OPEN_XML}${name}`, `${OPEN_XML}${name}`] as const),
  ...[
    'word.document',
    'excel.sheet',
    'excel.template',
    'excel.addin',
    'excel.sheet.binary',
    'powerpoint.presentation',
    'powerpoint.slideshow',
    'powerpoint.template',
    'powerpoint.addin',
  ].map(
    name =>
      [`application/vnd.ms-${name}.macroenabled`, `application/vnd.ms-${name}.macroenabled.12`] as const,
  ),
  [
    'application/vnd.ms-word.template.macroenabledtemplate',
    'application/vnd.ms-word.template.macroenabled.12',
  ],
  ['application/vnd.ms-visio.drawing', 'application/vnd.visio'],
])

/** Other packages, by a content type that only they have. */
const PART_TYPES = [
  ['application/vnd.ms-package.3dmanufacturing-3dmodel+xml', 'model/3mf'],
  ['application/vnd.ms-package.xps-fixeddocumentsequence+xml', 'application/vnd.ms-xpsdocument'],
] as const

/** Folders with the parts of a document (ECMA-376-1, 11.2 to 13.2), and the types that have them. The first is without macros. */
const FOLDERS = [
  ['word/', [`${OPEN_XML}wordprocessingml.document`, `${OPEN_XML}wordprocessingml.template`]],
  ['xl/', [`${OPEN_XML}spreadsheetml.sheet`, `${OPEN_XML}spreadsheetml.template`]],
  [
    'ppt/',
    [
      `${OPEN_XML}presentationml.presentation`,
      `${OPEN_XML}presentationml.slideshow`,
      `${OPEN_XML}presentationml.template`,
    ],
  ],
] as const

/** The other entries of such a package: ECMA-376-2, 10.2. */
const PACKAGE_ENTRY = /^(?:_rels\/|docProps\/|customXml\/|docMetadata\/|\[Content_Types\]\.xml$|\[trash\]\/)/

const MAIN_PART = /contenttype\s{0,9}=\s{0,9}["']([^"']{1,120})\.main(?:\+xml)?["']/g

/**
 * Returns the type of an Office document. Its list of content types tells; but some programs write that last, behind the
 * head: then the folders of the entries do, if all of them belong to a document.
 */
export function officeType(entries: readonly ZipEntry[], claim: TypeClaim): string | undefined {
  const list = entries.find(({ name }) => name === '[Content_Types].xml')
  return list ? listedType(list) : folderType(entries, claim)
}

function listedType(list: ZipEntry): string | undefined {
  const content = list.content()?.toString('latin1').toLowerCase() ?? ''
  const mains = [...content.matchAll(MAIN_PART)].map(([, type]) => type)
  // A document that declares two kinds of main parts is not told by the first one.
  if (new Set(mains).size === 1) return MAIN_TYPES.get(mains[0] as string)
  return PART_TYPES.find(([part]) => content.includes(part))?.[1]
}

function folderType(entries: readonly ZipEntry[], claim: TypeClaim): string | undefined {
  const folder = FOLDERS.find(([prefix]) => entries.some(({ name }) => name.startsWith(prefix)))
  if (folder === undefined) return undefined
  const [prefix, types] = folder
  const others = entries.filter(({ name }) => !name.startsWith(prefix))
  const isDocument = others.every(({ name }) => PACKAGE_ENTRY.test(name)) && entries.some(isXmlPart)
  const hasMacros = entries.some(({ name }) => name.endsWith('/vbaProject.bin'))
  return isDocument && !hasMacros ? (claimedAmong(types, claim) ?? types[0]) : undefined
}

function isXmlPart({ name }: ZipEntry): boolean {
  return name.endsWith('.xml') || name.endsWith('.rels')
}
