import { trimBlanks } from './part-headers.ts'

/** The value of a header such as `form-data; name="a"`, split by its grammar (RFC 9110, 5.6.6). */
export interface ParameterizedValue {
  /** What stands before the first semicolon, in lower case. */
  value: string
  /** Parameters by their names in lower case; the first of two with one name. */
  parameters: Map<string, string>
}

// Bytes are Latin-1 characters here. Each pattern is anchored and reads each character once.
const TOKEN = /^[!#$%&'*+.^_`|~\w-]+$/
const QUOTED_STRING = /^"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"$/
const ESCAPED_CHARACTER = /\\(["\\])/g

/** Returns undefined for a value with a parameter that is not `name=value`. A semicolon at the end is ignored. */
export function parseParameters(header: string): ParameterizedValue | undefined {
  const [value = '', ...pieces] = splitAtSemicolons(header)
  const parameters = new Map<string, string>()
  for (const piece of pieces) {
    const equals = piece.indexOf('=')
    const name = piece.slice(0, Math.max(0, equals)).toLowerCase()
    const content = unquote(piece.slice(equals + 1))
    if (!TOKEN.test(name) || content === undefined) return undefined
    if (!parameters.has(name)) parameters.set(name, content)
  }
  return { value: value.toLowerCase(), parameters }
}

/** Splits at the semicolons outside of quotes. */
function splitAtSemicolons(header: string): string[] {
  const pieces: string[] = []
  let start = 0
  let quoted = false
  for (let i = 0; i < header.length; i++) {
    const character = header[i]
    if (quoted && character === '\\') i++
    else if (character === '"') quoted = !quoted
    else if (character === ';' && !quoted) {
      pieces.push(trimBlanks(header.slice(start, i)))
      start = i + 1
    }
  }
  const last = trimBlanks(header.slice(start))
  return last === '' ? pieces : [...pieces, last]
}

/**
 * Some clients (.NET) send values without quotes that need them. A backslash before another character than `"` and `\`
 * stays: old browsers send paths of Windows.
 */
function unquote(value: string): string | undefined {
  const quoted = value.startsWith('"') ? value : `"${value}"`
  if (value === '' || !QUOTED_STRING.test(quoted)) return undefined
  return quoted.slice(1, -1).replace(ESCAPED_CHARACTER, '$1')
}
