import { describe, expect, it } from 'vitest'
import { cleanFilename } from '../../src/filename.ts'

describe('cleanFilename', () => {
  it.each([
    ['photo.jpg', 'photo.jpg'],
    ['写真 %22夏%22 🌻.jpg', '写真 "夏" 🌻.jpg'],
    ['100%.txt', '100%.txt'],
    ['100%25.txt', '100%25.txt'],
    ['a%0D%0AX-Header: b', 'aX-Header: b'],
    ['a\u0000b\u001fc\u007f\u0085.txt', 'abc.txt'],
    ['  padded.txt ', 'padded.txt'],
    ['', ''],
  ])('%j becomes %j', (sent, cleaned) => {
    expect(cleanFilename(sent)).toBe(cleaned)
  })

  it('cuts a long name and keeps its extension', () => {
    const cleaned = cleanFilename(`${'🌻'.repeat(400)}.jpeg`)
    expect(Array.from(cleaned)).toHaveLength(255)
    expect(cleaned.endsWith('🌻.jpeg')).toBe(true)
  })
})
