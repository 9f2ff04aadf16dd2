import { isUtf8 } from 'node:buffer'
import { TextDecoder } from 'node:util'

/** TextDecoder of Node 20 decodes these bytes, 0x80 to 0x9f, as control characters. */
const WINDOWS_1252 = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ'

/**
 * Decodes text in a charset of the Encoding Standard (https://encoding.spec.whatwg.org/#names-and-labels), by default
 * and for an unknown charset UTF-8. Returns undefined for bytes that are no such text.
 */
export function decodeText(bytes: Buffer, charset?: string): string | undefined {
  const decoder = decoderOf(charset)
  if (decoder === undefined || decoder.encoding === 'utf-8')
    return isUtf8(bytes) ? bytes.toString() : undefined
  try {
    return decoder.decode(bytes)
  } catch {
    return undefined
  }
}

/** The charset that browsers fall back to. */
export function decodeWindows1252(bytes: Buffer): string {
  return bytes
    .toString('latin1')
    .replace(/[\x80-\x9f]/g, byte => WINDOWS_1252[byte.charCodeAt(0) - 0x80] as string)
}

function decoderOf(charset: string | undefined): TextDecoder | undefined {
  if (charset === undefined) return undefined
  try {
    return new TextDecoder(charset, { fatal: true })
  } catch {
    return undefined
  }
}
