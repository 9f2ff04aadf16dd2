import type { Writable } from 'node:stream'

/** The head of a form part: lines by their names in lower case. */
export type PartHead = Record<string, string[] | undefined>

interface HeadParser {
  cb(head: PartHead): void
}

/** busboy's own: the search for the boundary, and the parser of a head, set when the first head begins. */
interface Internals {
  _bparser: { matches: number }
  _hparser: HeadParser | null
}

export interface PartWatch {
  /** Whether there were boundaries without a part: what came after them has been passed over. */
  hasSkipped(): boolean
}

/**
 * Shows every head of a part before busboy reads it, and counts. busboy passes over what it does not understand
 * without a word, a head or the rest of a boundary's line, and a file would be lost or cut short under a 201. It has
 * no event for that, so this looks at two private properties of its.
 */
export function watchParts(parser: Writable, onHead: (head: PartHead) => void): PartWatch {
  const search = (parser as unknown as Internals)._bparser
  const seen = new WeakSet<HeadParser>()
  let current: HeadParser | null = null
  let heads = 0

  function watch(headParser: HeadParser) {
    if (seen.has(headParser)) return
    seen.add(headParser)
    const { cb } = headParser
    headParser.cb = head => {
      heads++
      onHead(head)
      cb(head)
    }
  }

  Object.defineProperty(parser, '_hparser' satisfies keyof Internals, {
    get: () => current,
    set(next: HeadParser | null) {
      current = next
      if (next) watch(next)
    },
  })
  // Every boundary begins a part, but the last.
  return { hasSkipped: () => search.matches !== heads + 1 }
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
