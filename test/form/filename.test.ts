import { describe, expect, it } from 'vitest'
import { cleanFilename } from '../../src/form/filename.ts'

describe('cleanFilename', () => {
  it.each([
    ['photo.jpg', 'photo.jpg'],
    ['写真 %22夏%22 🌻.jpg', '写真 "夏" 🌻.jpg'],
    ['100%.txt', '100%.txt'],
    ['100%25.txt', '100%25.txt'],
    ['a%0D%0AX-Header: b', 'aX-Header: b'],
    ['a\u0000b\u001fc\u007f\u0085.txt', 'abc.txt'],
    ['  padded.txt ', 'padded.txt'],
    [' .. ', ''],
    ['%0A.', ''],
    ['...', '...'],
    ['', ''],
  ])('%j becomes %j', (sent, cleaned) => {
    expect(cleanFilename(sent)).toBe(cleaned)
  })

  it('cuts a name of more than 255 bytes between characters and keeps its extension', () => {
    expect(cleanFilename(`${'a'.repeat(251)}.txt`)).toBe(`${'a'.repeat(251)}.txt`)
    expect(cleanFilename(`${'a'.repeat(252)}.txt`)).toBe(`${'a'.repeat(251)}.txt`)
    expect(cleanFilename(`${'🌻'.repeat(400)}.jpeg`)).toBe(`${'🌻'.repeat(62)}.jpeg`)
    expect(cleanFilename(`a.${'b'.repeat(400)}`)).toBe(`a.${'b'.repeat(253)}`)
  })
})
