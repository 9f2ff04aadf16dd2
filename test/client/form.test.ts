import { describe, expect, it } from 'vitest'
import { readForm } from '../../client/form.ts'
import type { UploadInput } from '../../client/types.ts'
import { file } from './support/fake-xhr.ts'

const a = file('a.png', 1)
const b = file('b.png', 2)

function entries(input: UploadInput, field?: string) {
  return [...readForm(input, field).data].map(([name, value]) => [
    name,
    typeof value === 'string' ? value : value.name,
  ])
}

describe('readForm', () => {
  it.each<[string, UploadInput, string[][]]>([
    ['a file', a, [['file', 'a.png']]],
    ['an array', [a, b], [['file', 'a.png'], ['file', 'b.png']]], // biome-ignore format: one row
    ['an iterable such as a FileList', new Set([a, b]), [['file', 'a.png'], ['file', 'b.png']]], // biome-ignore format: one row
    ['a blob without a name', new Blob(['x']), [['file', 'blob']]],
    ['nothing', [], []],
    ['files without fields', { files: [a] }, [['file', 'a.png']]],
    ['fields without files', { fields: { title: 'x' } }, [['title', 'x']]],
    [
      'files of several fields',
      { files: { avatar: a, gallery: [a, b] } },
      [['avatar', 'a.png'], ['gallery', 'a.png'], ['gallery', 'b.png']], // biome-ignore format: one row
    ],
    [
      'fields that are arrays, numbers, booleans, null or undefined',
      { files: a, fields: { tag: ['x', 'y'], count: 2, sure: false, none: undefined, nil: null } },
      [['tag', 'x'], ['tag', 'y'], ['count', '2'], ['sure', 'false'], ['file', 'a.png']], // biome-ignore format: one row
    ],
  ])('accepts %s', (_name, input, expected) => {
    expect(entries(input)).toEqual(expected)
  })

  it('puts the fields of a FormData before its files, and keeps the order of each group', () => {
    const form = new FormData()
    form.append('photo', a)
    form.append('title', 'T')
    form.append('photo', b)
    form.append('album', 'A')

    expect(entries(form)).toEqual([
      ['title', 'T'],
      ['album', 'A'],
      ['photo', 'a.png'],
      ['photo', 'b.png'],
    ])
    expect([...form.keys()]).toEqual(['photo', 'title', 'photo', 'album'])
  })

  it('omits an empty file input of a FormData', () => {
    const form = new FormData()
    form.append('photo', new File([], '', { type: 'application/octet-stream' }))
    form.append('empty', new File([], 'empty.txt'))

    expect(entries(form)).toEqual([['empty', 'empty.txt']])
  })

  it('uses the given field name for files without a field', () => {
    expect(entries([a], 'photo')).toEqual([['photo', 'a.png']])
  })

  it('keeps non-ASCII filenames', () => {
    expect(entries(file('日本語 写真.png', 1))).toEqual([['file', '日本語 写真.png']])
  })
})
