import { isActiveType } from './active-types.ts'
import type { TypeClaim } from './claim.ts'
import { markupType } from './markup.ts'

/** Files that are text, and begin with a signature. */
const SIGNATURES: readonly (readonly [RegExp, string])[] = [
  [/^%PDF-\d/, 'application/pdf'],
  [/^%!PS/, 'application/postscript'],
  [/^\{\\rtf/, 'application/rtf'],
  [/^BEGIN:VCARD\s/i, 'text/vcard'],
  [/^BEGIN:VCALENDAR\s/i, 'text/calendar'],
  [/^\s*0\r?\nSECTION\r?\n/, 'image/vnd.dxf'],
  [/^WEBVTT(?:\s|$)/, 'text/vtt'],
  [/^#EXTM3U(?:\s|$)/, 'application/vnd.apple.mpegurl'],
  [/^(?:REGEDIT4|Windows Registry Editor Version 5\.00)(?:\s|$)/, 'application/x-ms-regedit'],
  [/^#!.*\bphp/, 'application/x-httpd-php'],
  [/^#!.*\bnode\b/, 'text/javascript'],
  [/^#!.*\bpython/, 'text/x-python'],
  [/^#!.*\bperl/, 'text/x-perl'],
  [/^#!\s?\//, 'application/x-sh'],
  [/^\s*<\?(?:php|=)/i, 'application/x-httpd-php'],
]

const TEXTUAL =
  /^(?:text\/.+|message\/rfc822|model\/(?:obj|stl|mtl|vrml)|.+[/+](?:json|xml|yaml)|application\/(?:json5?|json-seq|x-ndjson|toml|sql|graphql|javascript|ecmascript|x-sh|x-csh|x-httpd-php|x-subrip|x-tex|x-latex|mbox|pgp-(?:encrypted|keys|signature)|x-x509-ca-cert|x-pem-file|pem-certificate-chain|xml-dtd|hta))$/

/** True for types that have no signature of bytes: CSV, JSON, Markdown, scripts. */
function isTextual(type: string): boolean {
  return TEXTUAL.test(type)
}

/** The type of a text, and whether its bytes say so. */
export interface TextType {
  readonly type: string
  /** False if any other type of text is as likely. */
  readonly isSigned: boolean
}

/**
 * Returns the type of a text. A signature decides. Without one, the claim does, if it is a type of text; then the
 * extension, but not against a claim for a type that runs no code.
 */
export function textType(text: string, claim: TypeClaim): TextType {
  const type = signedType(text, claim)
  return type === undefined ? { type: claimedType(claim), isSigned: false } : { type, isSigned: true }
}

/** Returns the type of bytes that are no text, but that browsers and programs take for markup or a script. */
export function markupBehind(text: string | undefined): string | undefined {
  return text === undefined ? undefined : signedType(text, NO_CLAIM)
}

const NO_CLAIM: TypeClaim = { type: undefined, extensionType: undefined }

function signedType(text: string, claim: TypeClaim): string | undefined {
  return SIGNATURES.find(([signature]) => signature.test(text))?.[1] ?? markupType(text, claim)
}

function claimedType({ type, extensionType }: TypeClaim): string {
  if (type !== undefined && type !== 'text/plain' && isTextual(type)) return type
  if (extensionType === undefined || !isTextual(extensionType)) return 'text/plain'
  return type === 'text/plain' && isActiveType(extensionType) ? 'text/plain' : extensionType
}
