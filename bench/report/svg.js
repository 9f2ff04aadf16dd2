const COLORS = { ours: '#1f6feb', peer: '#8b949e', floor: '#c9a227' }

/** Has its own background, which follows the reader's color scheme, so that it works on light and dark pages. */
const STYLE = `
  .ground { fill: #ffffff; stroke: #d0d7de } text { fill: #1f2328; font: 13px system-ui, sans-serif }
  .title { font-weight: 600 } .quiet { fill: #59636e } .rule { stroke: #d0d7de } .end { text-anchor: end }
  .middle { text-anchor: middle }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; stroke: #3d444d } text { fill: #f0f6fc } .quiet { fill: #9198a1 } .rule { stroke: #3d444d }
  }`

/** A drawing with a title, which is also its label for screen readers. */
export function drawing({ width, height, title }, shapes) {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escapeText(title)}">`,
    `<style>${STYLE}</style>`,
    `<rect class="ground" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6"/>`,
    text(16, 26, title, 'title'),
    ...shapes,
    '</svg>\n',
  ].join('\n')
}

export function text(x, y, content, style = '') {
  return `<text x="${round(x)}" y="${round(y)}" class="${style}">${escapeText(content)}</text>`
}

export function bar(x, y, width, height, kind) {
  return `<rect x="${round(x)}" y="${round(y)}" width="${round(Math.max(1, width))}" height="${height}" rx="2" fill="${COLORS[kind]}"/>`
}

export function rule(x1, y1, x2, y2) {
  return `<line class="rule" x1="${round(x1)}" y1="${round(y1)}" x2="${round(x2)}" y2="${round(y2)}"/>`
}

export function line(points, kind, dash) {
  const path = points.map(([x, y]) => `${round(x)},${round(y)}`).join(' ')
  const dots = points.map(
    ([x, y]) => `<circle cx="${round(x)}" cy="${round(y)}" r="3.5" fill="${COLORS[kind]}"/>`,
  )
  return [`<polyline points="${path}" fill="none" ${stroke(kind, dash)}/>`, ...dots].join('\n')
}

/** A line sample for a legend. */
export function dashes(from, to, y, kind, dash) {
  return `<line x1="${round(from)}" y1="${round(y)}" x2="${round(to)}" y2="${round(y)}" ${stroke(kind, dash)}/>`
}

function stroke(kind, dash) {
  return `stroke="${COLORS[kind]}" stroke-width="2"${dash ? ` stroke-dasharray="${dash}"` : ''}`
}

function round(number) {
  return Math.round(number * 10) / 10
}

function escapeText(content) {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;')
}
