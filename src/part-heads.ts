import type { Writable } from 'node:stream'

/** The head of a form part: lines by their names in lower case. */
export type PartHead = Record<string, string[] | undefined>

interface HeadParser {
  cb(head: PartHead): void
}

/**
 * Shows every head of a part before busboy reads it. busboy passes over a part whose head it does not understand
 * without a word, and the file in it would be lost under a 201; it has no event for that, so this looks at its head
 * parser, a private property that it sets when the first head begins.
 */
export function watchHeads(parser: Writable, onHead: (head: PartHead) => void): void {
  let current: HeadParser | null = null
  const seen = new WeakSet<HeadParser>()
  Object.defineProperty(parser, '_hparser', {
    get: () => current,
    set(next: HeadParser | null) {
      current = next
      if (next === null || seen.has(next)) return
      seen.add(next)
      const { cb } = next
      next.cb = head => {
        onHead(head)
        cb(head)
      }
    },
  })
}

// Node decodes heads as latin1, so that bytes of UTF-8 are \x80 to \xff here.
const TOKEN = String.raw`[\w!#$%&'*+.^|~\x60-]+`
const QUOTED = String.raw`"(?:[\t\x20\x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"`
const PLAIN = String.raw`[\w!#$%&'+.^|~-]+=(?:${QUOTED}|${TOKEN})`
const EXTENDED = String.raw`[\w!#$%&'+.^|~-]+\*=(?:utf-8|iso-8859-1)'[\w-]*'(?:%[\da-f]{2}|[\w!#$&+.^|~-])+`
const DISPOSITION = new RegExp(String.raw`^form-data(?:\s*;\s*(?:${EXTENDED}|${PLAIN}))*\s*$`, 'i')

/** RFC 7578, 4.2. Stricter than busboy where they differ: what is refused is not lost. */
export function isFormData(head: PartHead): boolean {
  return DISPOSITION.test(head['content-disposition']?.[0] ?? '')
}
