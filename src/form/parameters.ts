import { trimBlanks } from './part-headers.ts'

/** The value of a header such as `form-data; name="a"`, split at its semicolons (RFC 9110, 5.6.6). */
export interface ParameterizedValue {
  /** What stands before the first semicolon, in lower case. */
  value: string
  /** Parameters by their names in lower case, as sent: see `unquote`. The first of two with one name. */
  parameters: Map<string, string>
}

// Bytes are Latin-1 characters here. The alternatives of each pattern begin with different characters, so that the time
// to match grows with the length only.
const TOKEN = "[!#$%&'*+.^_`|~\\w-]+"
const QUOTED_STRING = String.raw`"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e]|\\[\t\x20-\x7e])*"`
const WELL_FORMED = new RegExp(
  `^${TOKEN}/${TOKEN}(?:[\\t ]*;[\\t ]*${TOKEN}=(?:${TOKEN}|${QUOTED_STRING}))*$`,
)

/** Some clients do not escape the quotes in a filename. A quote ends the value only where this follows. */
const END_OF_VALUE = `[\\t ]*(?:$|;[\\t ;]*(?:$|${TOKEN}[\\t ]*(?:[=;]|$)))`
const QUOTED_VALUE = String.raw`"(?:[^"\\]|\\["\\]|\\(?!["\\])|"(?!${END_OF_VALUE}))*"`
const PARAMETER = new RegExp(`;[\\t ]*(?:(${TOKEN})[\\t ]*=[\\t ]*(${QUOTED_VALUE}|[^;]*))?[^;]*`, 'g')

/** The last byte of a character can be a backslash in Shift_JIS and other charsets. */
const STRICTLY_QUOTED = /^"(?:[^"\\]|\\.)*\\?"$/s
const QUOTED = /^".*"$/s
const ESCAPED_CHARACTER = /\\(["\\])/g

/** Ignores what is no `name=value`: one bad parameter does not cost the others. */
export function parseParameters(header: string): ParameterizedValue {
  const [value = ''] = header.split(';', 1)
  const parameters = new Map<string, string>()
  for (const [, name = '', content = ''] of header.slice(value.length).matchAll(PARAMETER)) {
    const key = name.toLowerCase()
    if (key !== '' && !parameters.has(key)) parameters.set(key, trimBlanks(content))
  }
  return { value: trimBlanks(value).toLowerCase(), parameters }
}

/** True for a media type whose parameters are all well-formed (RFC 9110, 8.3.1). */
export function isWellFormedType(header: string): boolean {
  return WELL_FORMED.test(header)
}

/**
 * Returns the content of a parameter. Undefined if it is empty, or if its quotes are not escaped. Some clients (.NET,
 * Java) send values without quotes that need them.
 */
export function unquote(value: string | undefined): string | undefined {
  if (!value) return undefined
  return STRICTLY_QUOTED.test(value.startsWith('"') ? value : `"${value}"`) ? stripQuotes(value) : undefined
}

/**
 * Returns the content of a parameter that may have quotes which are not escaped. Undefined if it has no closing quote. A
 * backslash before another character than `"` and `\` stays: old browsers send paths of Windows.
 */
export function stripQuotes(value: string): string | undefined {
  if (value.startsWith('"') && !QUOTED.test(value)) return undefined
  const content = value.startsWith('"') ? value.slice(1, -1) : value
  return content.replace(ESCAPED_CHARACTER, '$1')
}
