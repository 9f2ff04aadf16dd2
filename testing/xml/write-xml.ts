const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/'
const DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
const ENTITIES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

/** Control characters become character references: not XML 1.0, but what S3 sends and its clients read. */
export function escapeXml(text: string): string {
  return text.replace(
    // biome-ignore lint/suspicious/noControlCharactersInRegex: keys may contain them
    /[&<>"\u0000-\u001f]/g,
    char => ENTITIES[char] ?? `&#x${char.charCodeAt(0).toString(16)};`,
  )
}

/** An element with text; nothing at all for `undefined`. */
export function textElement(name: string, value: string | number | boolean | undefined): string {
  return value === undefined ? '' : `<${name}>${escapeXml(String(value))}</${name}>`
}

/** An element with child elements that are XML already. */
export function parentElement(name: string, ...children: string[]): string {
  return `<${name}>${children.join('')}</${name}>`
}

export function xmlDocument(root: string, ...children: string[]): string {
  return `${DECLARATION}<${root} xmlns="${NAMESPACE}">${children.join('')}</${root}>`
}

/** Errors are the one kind of document that S3 sends without a namespace. */
export function errorDocument(elements: Record<string, string>): string {
  const children = Object.entries(elements).map(([name, value]) => textElement(name, value))
  return DECLARATION + parentElement('Error', ...children)
}
