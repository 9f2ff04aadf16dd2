import { claimedAmong, type TypeClaim } from './claim.ts'

const XHTML_NAMESPACE = 'http://www.w3.org/1999/xhtml'

/** Elements that begin a page, or that run code: https://mimesniff.spec.whatwg.org/#identifying-a-resource-with-an-unknown-mime-type */
const PAGE = /^(?:html|head|body|script|iframe|frameset|title|style|meta|link|base|object|embed|form)$/

/** Elements that browsers take for the start of a page too, and with which a Markdown file may begin. */
const FRAGMENT = /^(?:h1|div|font|table|a|br|p|b|img|math|details|video|audio|span|center)$/

const XHTML = 'application/xhtml+xml'

/**
 * Returns the type of markup at the start of a text: `text/html` for what browsers take for HTML. Undefined if there is
 * none. A claim decides among types of markup: XHTML is often served as HTML, and there are hundreds of types of XML, which
 * differ only in their elements (RSS, GPX, KML). In Markdown, comments and elements such as `<p>` are text.
 */
export function markupType(text: string, claim: TypeClaim): string | undefined {
  const { isXml, doctype, hasComment, rest } = readProlog(text)
  const [, name = ''] = /^<(?:[\w-]+:)?([\w-]+)(?=[\s/>]|$)/.exec(rest) ?? []
  const element = name.toLowerCase()
  if (element === 'svg' || doctype === 'svg') return 'image/svg+xml'
  if (element === 'html' || doctype === 'html') return pageType(isXml, rest, claim)
  if (isXml) return xmlType(claim)
  if (isClaimedXml(claim)) return element || doctype || hasComment ? xmlType(claim) : undefined
  if (PAGE.test(element)) return 'text/html'
  if (doctype !== undefined) return xmlType(claim)
  const isFragment = hasComment || FRAGMENT.test(element)
  return isFragment && !isMarkdown(claim) ? 'text/html' : undefined
}

function pageType(isXml: boolean, rest: string, claim: TypeClaim): string {
  const isXhtml = isXml || rest.includes(XHTML_NAMESPACE)
  return (isXhtml && claimedAmong(['text/html', XHTML], claim)) || (isXml ? XHTML : 'text/html')
}

function isMarkdown({ type, extensionType }: TypeClaim): boolean {
  return type === 'text/markdown' || extensionType === 'text/markdown'
}

function isClaimedXml({ type = '', extensionType = '' }: TypeClaim): boolean {
  return [type, extensionType].some(claimed => /^application\/(?:xml|xml-dtd|.+\+xml)$/.test(claimed))
}

function xmlType({ type, extensionType }: TypeClaim): string {
  const isSpecific = (claimed: string | undefined) =>
    claimed === 'application/xml-dtd' ||
    (claimed?.endsWith('+xml') && claimed !== 'image/svg+xml' && claimed !== XHTML)
  return [type, extensionType].find(isSpecific) ?? 'application/xml'
}

interface Prolog {
  isXml: boolean
  /** The name of the root element in a document type declaration. */
  doctype: string | undefined
  hasComment: boolean
  /** The text from the first element. */
  rest: string
}

/** Reads what may precede the first element. Each step searches forward only, so the time grows with the length. */
function readProlog(text: string): Prolog {
  const prolog: Prolog = { isXml: false, doctype: undefined, hasComment: false, rest: text.trimStart() }
  for (;;) {
    const { rest } = prolog
    if (rest.startsWith('<!--')) {
      prolog.hasComment = true
      prolog.rest = after('-->', rest)
    } else if (rest.startsWith('<?')) {
      prolog.isXml ||= /^<\?xml[\s?]/i.test(rest)
      prolog.rest = after('?>', rest)
    } else if (/^<!doctype\s/i.test(rest)) {
      const [, name = ''] = /^<!doctype\s+([\w:-]+)/i.exec(rest) ?? []
      prolog.doctype = name.toLowerCase().replace(/^.*:/, '')
      prolog.rest = afterDoctype(rest)
    } else return prolog
  }
}

function after(end: string, text: string): string {
  const index = text.indexOf(end)
  return index < 0 ? '' : text.slice(index + end.length).trimStart()
}

/** The declaration may contain an internal subset in square brackets. */
function afterDoctype(text: string): string {
  const subset = text.indexOf('[')
  const end = text.indexOf('>')
  if (subset < 0 || (end >= 0 && end < subset)) return after('>', text)
  return after('>', after(']', text))
}
