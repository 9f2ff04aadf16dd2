import { malformedXml } from '../s3-error.ts'

export interface XmlElement {
  readonly name: string
  readonly children: XmlElement[]
  /** Character data of the element itself, with entities decoded. */
  text: string
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
/** The requests of S3 have at most 5 levels. */
const MAX_DEPTH = 16
const [COMMENT, COMMENT_END] = ['<!--', '-->']
const [CDATA, CDATA_END] = ['<![CDATA[', ']]>']

/**
 * Parses the small XML documents that S3 clients send. Skips attributes and namespaces. Takes linear time, because it
 * searches the end of each token once, and fails if there is none. Throws `MalformedXML`.
 */
export function readXml(source: string): XmlElement {
  const top: XmlElement = { name: '', children: [], text: '' }
  const open = [top]
  let offset = 0
  while (offset < source.length) offset = readToken(source, offset, open)
  const [root] = top.children
  if (open.length !== 1 || !root || top.children.length > 1) throw malformedXml()
  return root
}

/** Reads the token at `start`. Returns the offset after it. `open`: the elements that have not ended yet. */
function readToken(source: string, start: number, open: XmlElement[]): number {
  const parent = open.at(-1)
  if (!parent) throw malformedXml()
  if (source[start] !== '<') {
    const next = source.indexOf('<', start)
    const end = next < 0 ? source.length : next
    parent.text += decodeEntities(source.slice(start, end))
    return end
  }
  if (source.startsWith(COMMENT, start)) return endOf(source, COMMENT_END, start + COMMENT.length)
  if (source.startsWith(CDATA, start)) {
    const end = endOf(source, CDATA_END, start + CDATA.length)
    parent.text += source.slice(start + CDATA.length, end - CDATA_END.length)
    return end
  }
  const end = endOf(source, '>', start + 1)
  const tag = source.slice(start + 1, end - 1)
  if (tag.startsWith('!')) throw malformedXml()
  if (!tag.startsWith('?')) readTag(tag, parent, open)
  return end
}

/** Returns the offset after the next `end`. */
function endOf(source: string, end: string, start: number): number {
  const index = source.indexOf(end, start)
  if (index < 0) throw malformedXml()
  return index + end.length
}

/** `tag`: what stands between the angle brackets. */
function readTag(tag: string, parent: XmlElement, open: XmlElement[]): void {
  const closes = tag.startsWith('/')
  const name = /^[^\s/]*/.exec(closes ? tag.slice(1) : tag)?.[0] ?? ''
  if (name === '') throw malformedXml()
  if (closes) {
    if (parent.name !== name) throw malformedXml()
    open.pop()
    return
  }
  const element: XmlElement = { name, children: [], text: '' }
  parent.children.push(element)
  if (tag.endsWith('/')) return
  if (open.length > MAX_DEPTH) throw malformedXml()
  open.push(element)
}

function decodeEntities(text: string): string {
  return text.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (whole, entity: string) => {
    if (!entity.startsWith('#')) return ENTITIES[entity] ?? whole
    const code = entity[1] === 'x' ? Number.parseInt(entity.slice(2), 16) : Number(entity.slice(1))
    if (code > 0x10ffff) throw malformedXml()
    return String.fromCodePoint(code)
  })
}

export function childrenOf(element: XmlElement, name: string): XmlElement[] {
  return element.children.filter(child => child.name === name)
}

export function childText(element: XmlElement, name: string): string | undefined {
  return element.children.find(child => child.name === name)?.text
}
