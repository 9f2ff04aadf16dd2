import { malformedForm } from '../shared/upload-errors.ts'

export const LF_LINES = 'Its lines must end with CR and LF; they end with LF alone.'

/** Headers of a form part by their names in lower case. A header that occurs twice keeps its first value. */
export type PartHeaders = Map<string, string>

// RFC 9110, 5.6.2 and 5.5. Browsers send names in UTF-8, and their control characters as they are.
const HEADER = /^([!#$%&'*+.^_`|~\w-]+)[\t ]*:([^\0\r\n]*)$/
const FOLDED_LINE = /\r\n(?=[\t ])/g

/**
 * Parses the headers of a form part (RFC 5322, 2.2). A value keeps its bytes: each is one character of the string
 * (Latin-1). Throws `MALFORMED_BODY` for a line that is no header.
 */
export function parsePartHeaders(bytes: Buffer): PartHeaders {
  const headers: PartHeaders = new Map()
  const lines = bytes.toString('latin1').replace(FOLDED_LINE, '').split('\r\n')
  for (const line of lines) {
    if (line === '') break
    const [, name = '', value = ''] = HEADER.exec(line) ?? []
    if (line.includes('\n')) throw malformedForm(LF_LINES)
    if (name === '') throw malformedForm('A form part has a header that is not "Name: value".')
    const key = name.toLowerCase()
    if (!headers.has(key)) headers.set(key, trimBlanks(value))
  }
  return headers
}

/** Removes spaces and tabs, the only characters that RFC 9110 calls white space. */
export function trimBlanks(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isBlank(text[start])) start++
  while (end > start && isBlank(text[end - 1])) end--
  return text.slice(start, end)
}

function isBlank(character: string | undefined): boolean {
  return character === ' ' || character === '\t'
}
