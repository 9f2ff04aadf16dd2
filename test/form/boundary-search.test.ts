import StreamSearch from 'streamsearch'
import { describe, expect, it } from 'vitest'
import { BoundarySearch, type OnBytes } from '../../src/form/boundary-search.ts'
import { bytes } from '../support/bytes.ts'

const BOUNDARY = Buffer.from('\r\n--bound\n-ary')

/** What comes out: the bytes between matches, whatever the pieces in which they came. */
function collect() {
  const found: string[] = ['']
  const onBytes: OnBytes = (isMatch, data, start, end) => {
    found[found.length - 1] += data?.toString('latin1', start, end) ?? ''
    if (isMatch) found.push('')
  }
  return { found, onBytes }
}

function ours(chunks: Buffer[], begun = 0): string[] {
  const { found, onBytes } = collect()
  const search = new BoundarySearch(BOUNDARY, onBytes, begun)
  for (const chunk of chunks) search.push(chunk)
  search.destroy()
  return found
}

/** busboy's own search. */
function theirs(chunks: Buffer[]): string[] {
  const { found, onBytes } = collect()
  const search = new StreamSearch(BOUNDARY, onBytes)
  for (const chunk of chunks) search.push(chunk, 0)
  search.destroy()
  return found
}

/** Pieces of a text, cut at places that a seed decides. */
function cut(text: Buffer, seed: number): Buffer[] {
  const sizes = bytes(text.length + 1, seed)
  const chunks: Buffer[] = []
  for (let at = 0, i = 0; at < text.length; i++) {
    const size = 1 + ((sizes[i] as number) % 20)
    chunks.push(text.subarray(at, at + size))
    at += size
  }
  return chunks
}

describe('the search for the boundary', () => {
  const text = Buffer.concat([
    BOUNDARY,
    Buffer.from('one\r\n--bound'),
    BOUNDARY,
    BOUNDARY,
    Buffer.from('\r\r\n\r\n--bound\n-ar'),
    BOUNDARY,
    Buffer.from('\r\n--bound\n-a'),
  ])
  const between = ['', 'one\r\n--bound', '', '\r\r\n\r\n--bound\n-ar', '\r\n--bound\n-a']

  it('finds it wherever a chunk ends', () => {
    expect(ours([text])).toEqual(between)
    for (let at = 0; at <= text.length; at++) {
      expect(ours([text.subarray(0, at), text.subarray(at)]), `cut at ${at}`).toEqual(between)
    }
    expect(ours([...text].map(byte => Buffer.of(byte)))).toEqual(between)
  })

  it('begins in the middle of one', () => {
    expect(ours([BOUNDARY.subarray(2), Buffer.from('one')], 2)).toEqual(['', 'one'])
    expect(ours([Buffer.from('other')], 2)).toEqual(['\r\nother'])
  })

  it("finds what busboy's own search finds, in 2,000 texts of pieces of boundaries", () => {
    for (let seed = 1; seed <= 2000; seed++) {
      const pieces = [...bytes(30, seed)].map(byte =>
        BOUNDARY.subarray(byte % 3 === 0 ? 0 : byte % 13, 1 + (byte % 15)),
      )
      const chunks = cut(Buffer.concat(pieces), seed)
      expect(ours(chunks), `seed ${seed}`).toEqual(theirs(chunks))
    }
  })

  it('says of bytes in its own memory that they are not to be kept', () => {
    const safe: unknown[] = []
    const search = new BoundarySearch(BOUNDARY, (_match, _data, _start, _end, isSafe) => safe.push(isSafe), 0)
    for (const piece of ['body\r\n--', 'no boundary']) search.push(Buffer.from(piece))
    expect(safe).toEqual([true, false, true])
  })
})
