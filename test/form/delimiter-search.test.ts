import { describe, expect, it } from 'vitest'
import { continueDelimiter, searchDelimiter } from '../../src/form/delimiter-search.ts'
import { bytes } from '../support/bytes.ts'

const DELIMITER = Buffer.from('\r\n--bound\n-ary')

describe('searchDelimiter', () => {
  it.each([
    ['finds the first delimiter', 'one\r\n--bound\n-arytwo\r\n--bound\n-ary', 0, [3, true, 0]],
    ['starts where it is told to', '\r\n--bound\n-ary-\r\n--bound\n-ary', 1, [15, true, 0]],
    ['keeps back a delimiter that has begun', 'one\r\n--bou', 0, [3, false, 7]],
    ['keeps back a single CR', 'one\r', 0, [3, false, 1]],
    ['keeps back a delimiter but for its last byte', '\r\n--bound\n-ar', 0, [0, false, 13]],
    ['keeps back nothing that continues in another way', 'one\r\n--bout', 0, [11, false, 0]],
    ['keeps back nothing from before the start', '\r\n--', 1, [4, false, 0]],
    ['finds nothing in an empty chunk', '', 0, [0, false, 0]],
  ] as const)('%s', (_, text, start, [end, found, begun]) => {
    expect(searchDelimiter(Buffer.from(text), start, DELIMITER)).toEqual({ end, found, begun })
  })
})

describe('continueDelimiter', () => {
  it.each([
    ['accepts the rest', 'ound\n-ary and more', 5, 9],
    ['accepts a piece of the rest', 'oun', 5, 3],
    ['rejects other bytes', 'oux', 5, -1],
    ['rejects a rest that is not the rest', '\n--bound\n-ary', 5, -1],
  ] as const)('%s', (_, text, begun, length) => {
    expect(continueDelimiter(Buffer.from(text), DELIMITER, begun)).toBe(length)
  })
})

/** The bytes between delimiters, searched chunk by chunk. */
function split(chunks: Buffer[]): string[] {
  const found = ['']
  let begun = 0

  function add(data: Buffer): void {
    found[found.length - 1] += data.toString('latin1')
  }
  /** Returns where the search of this chunk starts. */
  function proceed(chunk: Buffer): number {
    if (begun === 0) return 0
    const length = continueDelimiter(chunk, DELIMITER, begun)
    if (length === -1) add(DELIMITER.subarray(0, begun))
    begun = length === -1 ? 0 : begun + length
    if (begun === DELIMITER.length) found.push('')
    begun %= DELIMITER.length
    return Math.max(0, length)
  }

  for (const chunk of chunks) {
    let position = proceed(chunk)
    while (position < chunk.length) {
      const search = searchDelimiter(chunk, position, DELIMITER)
      add(chunk.subarray(position, search.end))
      if (search.found) found.push('')
      begun = search.begun
      position = search.found ? search.end + DELIMITER.length : chunk.length
    }
  }
  add(DELIMITER.subarray(0, begun))
  return found
}

it('finds in any chunks what is in the whole, in 2,000 texts made of pieces of delimiters', () => {
  for (let seed = 1; seed <= 2000; seed++) {
    const pieces = [...bytes(30, seed)].map(byte =>
      DELIMITER.subarray(byte % 3 === 0 ? 0 : byte % 13, 1 + (byte % 15)),
    )
    const text = Buffer.concat(pieces)
    const expected = text.toString('latin1').split(DELIMITER.toString('latin1'))
    expect(split(cut(text, seed)), `seed ${seed}`).toEqual(expected)
  }
})

/** Chunks of a text, cut at places that a seed decides. */
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
