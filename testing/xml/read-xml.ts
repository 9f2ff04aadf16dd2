import { malformedXml } from '../s3-error.ts'

export interface XmlElement {
  readonly name: string
  readonly children: XmlElement[]
  /** Character data of the element itself, with entities decoded. */
  text: string
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const TOKEN = /<[?!][^>]*>|<(?<close>\/?)(?<name>[^\s/>]+)[^>]*?(?<empty>\/?)>|(?<text>[^<]+)/y

/** Parses the small XML documents that S3 clients send. Skips attributes and namespaces. */
export function readXml(source: string): XmlElement {
  const top: XmlElement = { name: '', children: [], text: '' }
  const open = [top]
  const token = new RegExp(TOKEN)
  while (token.lastIndex < source.length) {
    const groups = token.exec(source)?.groups
    if (!groups) throw malformedXml()
    readToken(groups, open)
  }
  const [root] = top.children
  if (open.length !== 1 || !root || top.children.length > 1) throw malformedXml()
  return root
}

function readToken({ close, name, empty, text }: Record<string, string | undefined>, open: XmlElement[]) {
  const parent = open.at(-1)
  if (!parent) throw malformedXml()
  if (text !== undefined) parent.text += decodeEntities(text)
  if (name === undefined) return
  if (close) {
    if (parent.name !== name) throw malformedXml()
    open.pop()
    return
  }
  const element: XmlElement = { name, children: [], text: '' }
  parent.children.push(element)
  if (!empty) open.push(element)
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
