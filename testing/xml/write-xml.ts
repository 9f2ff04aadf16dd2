const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'
/** The first bytes of every document. */
export const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Escapes control characters as character references. S3 sends these too, although XML 1.0 does not allow them. */
export function escapeXml(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: keys may contain them
    /[&<>"\u0000-\u001f]/g,
    char => ENTITIES[char] ?? `&#x${char.charCodeAt(0).toString(16)};`,
  )
}

/** Writes an element with text content. Returns an empty string for `undefined`. */
export function textElement(name: string, value: string | number | boolean | undefined): string {
  return value === undefined ? '' : `<${name}>${escapeXml(String(value))}</${name}>`
}

/** Writes an element with child elements, which are XML already. */
export function parentElement(name: string, ...children: string[]): string {
  return `<${name}>${children.join('')}</${name}>`
}

export function xmlDocument(root: string, ...children: string[]): string {
  return `${DECLARATION}<${root} xmlns="${NAMESPACE}">${children.join('')}</${root}>`
}

/** Writes an error document. It is the only kind of document that S3 sends without a namespace. */
export function errorDocument(elements: Record<string, string>): string {
  const children = Object.entries(elements).map(([name, value]) => textElement(name, value))
  return DECLARATION + parentElement('Error', ...children)
}
