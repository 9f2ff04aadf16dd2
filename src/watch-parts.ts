import type { Writable } from 'node:stream'
import { BoundarySearch, type OnBytes } from './boundary-search.ts'

/** The head of a form part: lines by their names in lower case. */
export type PartHead = Record<string, string[] | undefined>

interface HeadParser {
  cb(head: PartHead): void
}

/** busboy's own. */
interface Internals {
  /** The search for the boundary: calls back with the bytes before each match. */
  _bparser: { _cb: OnBytes; _needle: Buffer; _lookbehindSize: number }
  /** The parser of a head, set when one begins. */
  _hparser: HeadParser | null
  /** Whether the last boundary has been seen. */
  _complete: boolean
}

export interface PartWatch {
  /** Whether anything has been passed over: bytes before the first boundary, or after one that begins no part. */
  hasSkipped(): boolean
}

/**
 * Shows every head of a part before busboy reads it, and counts. busboy passes over what it does not understand
 * without a word, a head or the rest of a boundary's line, and a file would be lost or cut short under a 201. And it
 * goes on to read parts behind the last boundary if they come in one chunk with it, and waits for their end for ever.
 * It has no event for either, so this looks at private properties of its.
 */
export function watchParts(parser: Writable, onHead: (head: PartHead) => void): PartWatch {
  const internals = parser as unknown as Internals
  const search = internals._bparser
  const seen = new WeakSet<HeadParser>()
  let current: HeadParser | null = null
  let heads = 0
  let boundaries = 0
  let complete = false
  let preamble = false

  const { _cb: onBytes } = search
  const onMatch: OnBytes = (isMatch, data, start, end, isSafe) => {
    // RFC 2046 has preambles, forms have none: it is a part whose boundary does not stand where it should.
    if (boundaries === 0 && data && !preamble) preamble = /[^\r\n]/.test(data.toString('latin1', start, end))
    onBytes(isMatch, data, start, end, isSafe)
    // What came before this match may have been the end.
    if (isMatch && !complete) boundaries++
  }
  // A form begins as if after a line break, which busboy has put in already.
  Object.assign(parser, { _bparser: new BoundarySearch(search._needle, onMatch, search._lookbehindSize) })

  function watch(headParser: HeadParser) {
    if (seen.has(headParser)) return
    seen.add(headParser)
    const { cb } = headParser
    headParser.cb = head => {
      // Without a disposition it is passed over.
      if (complete) return cb({})
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
  Object.defineProperty(parser, '_complete' satisfies keyof Internals, {
    get: () => complete,
    set(value: boolean) {
      complete = value
    },
  })
  // Every boundary begins a part, but the last.
  return { hasSkipped: () => preamble || boundaries !== heads + 1 }
}
