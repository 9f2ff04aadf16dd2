import { format, parse } from 'content-disposition'
import { describe } from '../shared/sizes.ts'
import type { ObjectParams } from '../shared/types.ts'

/**
 * S3 reads header values as Latin-1 or refuses them, the SDK signs them as UTF-8, and Node refuses what Latin-1 does not
 * have. So only ASCII arrives as it was sent. A line break would end the header.
 */
const HEADER_VALUE = /^[\t\x20-\x7e]*$/

const ESCAPE = /%[\da-f]{2}/i

/** RFC 9110, 5.6.2. */
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/

/**
 * Returns parameters whose header values are all ASCII. Encodes names in `ContentDisposition` (RFC 6266). Throws
 * `TypeError`, which names the parameter, for other values that a header cannot carry.
 *
 * @param place of the parameters, for errors
 */
export function encodeHeaders(params: ObjectParams, place = 'params'): ObjectParams {
  checkMetadata(params.Metadata, `${place}.Metadata`)
  for (const [name, value] of Object.entries(params)) {
    if (!ENCODED.has(name)) checkValue(value, `${place}.${name}`, ADVICE[name])
  }
  const { ContentDisposition, ...rest } = params
  if (typeof ContentDisposition !== 'string' || HEADER_VALUE.test(ContentDisposition)) return params
  return { ContentDisposition: encodeDisposition(ContentDisposition, place), ...rest }
}

/** We encode the first. The SDK encodes the key, which no error message may show. */
const ENCODED = new Set(['ContentDisposition', 'SSECustomerKey'])

const ADVICE: Record<string, string> = {
  Tagging: "Encode it as a query: new URLSearchParams({ name: 'value' }).toString().",
  WebsiteRedirectLocation: 'Encode it with encodeURI().',
}

function checkMetadata(metadata: unknown, place: string): void {
  if (metadata === undefined) return
  if (typeof metadata !== 'object' || metadata === null) {
    throw new TypeError(`${place} must be an object of strings; it is ${describe(metadata)}.`)
  }
  for (const [name, value] of Object.entries(metadata)) {
    if (!HEADER_NAME.test(name)) {
      throw new TypeError(
        `${place} has the name ${describe(name)}. Names become headers: use ASCII letters, digits and hyphens.`,
      )
    }
    checkValue(value, `${place}[${describe(name)}]`, 'Encode it, for example with encodeURIComponent().')
  }
}

function checkValue(value: unknown, name: string, advice = 'Encode or remove the other characters.'): void {
  if (typeof value !== 'string' || HEADER_VALUE.test(value)) return
  throw new TypeError(`${name} must be ASCII without line breaks; it is ${describe(value)}. ${advice}`)
}

/** Keeps the type and every parameter. A parameter outside ASCII gets an ASCII fallback and an encoded form. */
function encodeDisposition(header: string, place: string): string {
  try {
    // A name with a line break has one in its encoded form only if we let it.
    if (/[\p{Cc}]/u.test(header)) throw new Error('It contains control characters.')
    const { type, parameters } = parse(header)
    return formatDisposition(type, parameters)
  } catch (cause) {
    throw new TypeError(
      `${place}.ContentDisposition must be ASCII, or a value such as attachment; filename="…"; it is ${describe(header)}.`,
      { cause },
    )
  }
}

/**
 * Returns an ASCII header. A parameter outside ASCII gets an ASCII fallback and an encoded form (RFC 6266). So does one
 * with an escape such as `%20`, which some browsers decode.
 */
export function formatDisposition(type: string, parameters: Readonly<Record<string, string>>): string {
  const encoded: Record<string, string> = {}
  for (const [name, value] of Object.entries(parameters)) {
    encoded[name] = HEADER_VALUE.test(value) && !ESCAPE.test(value) ? value : asciiOf(value)
    if (encoded[name] !== value) encoded[`${name}*`] = extendedValue(value)
  }
  return format({ type, parameters: encoded })
}

/** Letters lose their marks; what has no ASCII letter becomes `_`. Percent signs would be decoded by some browsers. */
function asciiOf(value: string): string {
  return value
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replace(/[^\x20-\x7e]|[%"\\]/gu, '_')
}

/** RFC 8187, 3.2. */
function extendedValue(value: string): string {
  const encoded = encodeURIComponent(value.replace(/\p{Surrogate}/gu, '\ufffd'))
  return `UTF-8''${encoded.replace(/['()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)}`
}
