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
  /** The parser of a head, one for all of them, while it reads one. */
  _hparser: HeadParser | null
  /** Whether the last boundary has been seen. */
  _complete: boolean
}

export interface PartWatch {
  /** Whether anything has been passed over: bytes before the first boundary, or after one that begins no part. */
  hasSkipped(): boolean
}

/** What stands behind a boundary that begins a part: CR and LF. */
const LINE_END = 2

/**
 * Shows every head of a part before busboy reads it, and counts. busboy passes over what it does not understand
 * without a word, a head or the rest of a boundary's line, and a file would be lost or cut short under a 201. And it
 * goes on to read parts behind the last boundary if they come in one chunk with it, and waits for their end for ever.
 * It has no event for either, so this looks at private properties of its.
 *
 * It looks, and puts no accessors in their place: Node keeps the functions of an accessor, and with them all that
 * belongs to the upload, until it collects its old garbage.
 */
export function watchParts(parser: Writable, onHead: (head: PartHead) => void): PartWatch {
  const internals = parser as unknown as Internals
  const search = internals._bparser
  const { _cb: onBytes } = search
  let headParser: HeadParser | undefined
  let heads = 0
  let boundaries = 0
  let preamble = false
  /** Bytes of the line end that are still to come. */
  let lineEnd = 0

  const onMatch: OnBytes = (isMatch, data, start = 0, end = 0, isSafe) => {
    if (internals._complete) return
    // RFC 2046 has preambles, forms have none: it is a part whose boundary does not stand where it should.
    if (boundaries === 0 && data && !preamble) preamble = /[^\r\n]/.test(data.toString('latin1', start, end))
    // By itself, so that the parser of a head is there, and can be watched, before it reads any.
    const line = Math.min(start + lineEnd, end)
    if (line > start) {
      lineEnd -= line - start
      onBytes(false, data, start, line, isSafe)
      watchHeads()
    }
    // Of the form, when the line goes on with two hyphens.
    if (internals._complete) return
    if (isMatch || end > line) onBytes(isMatch, data, line, end, isSafe)
    if (isMatch) onBoundary()
  }

  function onBoundary() {
    // busboy would go on with this head behind the boundary, and miss the end of its file.
    if (internals._hparser) parser.emit('error', new Error('Malformed part header'))
    boundaries++
    lineEnd = LINE_END
  }

  function watchHeads() {
    if (headParser || !internals._hparser) return
    headParser = internals._hparser
    const { cb } = headParser
    const onWatched = (head: PartHead) => {
      heads++
      onHead(head)
      cb(head)
    }
    headParser.cb = onWatched
  }

  // A form begins as if after a line break, which busboy has put in already.
  Object.assign(parser, { _bparser: new BoundarySearch(search._needle, onMatch, search._lookbehindSize) })

  // Every boundary begins a part, but the last.
  return { hasSkipped: () => preamble || boundaries !== heads + 1 }
}
