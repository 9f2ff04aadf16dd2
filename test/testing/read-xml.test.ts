import { describe, expect, it } from 'vitest'
import { readXml } from '../../testing/xml/read-xml.ts'

const malformed = expect.objectContaining({ code: 'MalformedXML', status: 400 })

describe('readXml', () => {
  it('reads elements, text and entities', () => {
    const root = readXml(
      '<?xml version="1.0"?>\n<!-- a > b --><Delete xmlns="http://s3/"><Key a=\'b\'>x&amp;&#x263A;&#33;</Key><Quiet/></Delete>\n',
    )
    expect(root).toEqual({
      name: 'Delete',
      text: '',
      children: [
        { name: 'Key', text: 'x&☺!', children: [] },
        { name: 'Quiet', text: '', children: [] },
      ],
    })
  })

  it('reads CDATA sections and skips comments between characters', () => {
    expect(readXml('<Key>a<![CDATA[<&amp;>]]]>b<!-- <c> -->d</Key>').text).toBe('a<&amp;>]bd')
  })

  it.each([
    '',
    'text',
    '<a>',
    '<a',
    '</a>',
    '<a></b>',
    '<a/><b/>',
    '<>',
    '</>',
    '<a><!-- </a>',
    '<a><![CDATA[ </a>',
    '<!DOCTYPE a><a/>',
    '<a>&#x110000;</a>',
    '<a>'.repeat(17) + '</a>'.repeat(17),
  ])('rejects %j', source => {
    expect(() => readXml(source)).toThrow(malformed)
  })

  it('reads 16 levels', () => {
    expect(readXml('<a>'.repeat(16) + '</a>'.repeat(16)).name).toBe('a')
  })

  // The old reader took 100 times as long for 10 times as many bytes. Compares fastest runs, which load does not change.
  it.each<[string, (n: number) => string]>([
    ['an open tag without end', n => `<${'a'.repeat(n)}`],
    ['a tag with many spaces', n => `<a${' '.repeat(n)}`],
    ['a tag with many slashes', n => `<a>${'<a'}${'/ '.repeat(n / 2)}`],
    ['many unclosed tags', n => `<r>${'<a '.repeat(n / 3)}`],
    ['many unclosed comments', n => `<r>${'<!--'.repeat(n / 4)}`],
    ['many unclosed CDATA sections', n => `<r>${'<![CDATA['.repeat(n / 9)}`],
    ['many processing instructions', n => `<r>${'<?'.repeat(n / 2)}`],
    ['many ampersands', n => `<r>${'&'.repeat(n)}</r>`],
    ['a long entity', n => `<r>&${'a'.repeat(n)}</r>`],
    ['a long character reference', n => `<r>&#x${'0'.repeat(n)}</r>`],
    ['many short texts', n => `<r>${'a<b/>'.repeat(n / 5)}</r>`],
    ['many closing tags', n => `<r>${'</a>'.repeat(n / 4)}`],
  ])('takes linear time for %s', (_, source) => {
    const [short, long] = [source(10_000), source(100_000)]
    const growth = fastest(long) / fastest(short)
    expect(growth).toBeLessThan(40)
  })
})

/** Returns the milliseconds of the fastest of up to 20 runs. */
function fastest(source: string): number {
  let best = Number.POSITIVE_INFINITY
  const began = performance.now()
  for (let run = 0; run < 20 && performance.now() - began < 500; run++) {
    const start = performance.now()
    try {
      readXml(source)
    } catch {}
    best = Math.min(best, performance.now() - start)
  }
  // The clock has steps of some microseconds.
  return Math.max(best, 0.02)
}
