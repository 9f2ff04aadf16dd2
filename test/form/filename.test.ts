import { describe, expect, it } from 'vitest'
import { decodeFilename } from '../../src/form/filename.ts'

const clean = (name: string) => decodeFilename(Buffer.from(name).toString('latin1'), undefined).filename

describe('a filename', () => {
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
    expect(clean(sent)).toBe(cleaned)
  })

  it('cuts a name of more than 255 bytes between characters and keeps its extension', () => {
    expect(clean(`${'a'.repeat(251)}.txt`)).toBe(`${'a'.repeat(251)}.txt`)
    expect(clean(`${'a'.repeat(252)}.txt`)).toBe(`${'a'.repeat(251)}.txt`)
    expect(clean(`${'🌻'.repeat(400)}.jpeg`)).toBe(`${'🌻'.repeat(62)}.jpeg`)
    expect(clean(`a.${'b'.repeat(400)}`)).toBe(`a.${'b'.repeat(253)}`)
  })
})
