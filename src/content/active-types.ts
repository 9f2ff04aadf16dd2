const ACTIVE = new Set([
  'text/html',
  'application/xhtml+xml',
  'image/svg+xml',
  'application/xml',
  'text/xml',
  'text/xsl',
  'application/xml-dtd',
  'text/javascript',
  'application/javascript',
  'application/x-javascript',
  'application/ecmascript',
  'text/ecmascript',
  'text/jscript',
  'text/vbscript',
  'application/x-httpd-php',
  'application/x-sh',
  'application/x-csh',
  'text/x-python',
  'text/x-perl',
  'application/x-shockwave-flash',
  'multipart/related',
  'message/rfc822',
  'application/hta',
  'text/x-component',
  'text/cache-manifest',
])

/**
 * True for HTML, XHTML, SVG, XML and scripts: content that runs code in the origin that serves it, or that a program runs
 * when it is opened.
 *
 * @param type media type; parameters are ignored
 */
export function isActiveType(type: string): boolean {
  const [essence = ''] = type.split(';', 1)
  const name = essence.trim().toLowerCase()
  return ACTIVE.has(name) || name.endsWith('+xml')
}
