import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { FormScanner } from '../../src/form/form-scanner.ts'
import { type FilePart, readForm } from '../../src/form/read-form.ts'
import { resolveOptions } from '../../src/options/resolve-options.ts'
import { bytes } from '../support/bytes.ts'
import { BOUNDARY, type FormPart, filePart, formBody } from '../support/form-body.ts'
import { busboyParts, type ReadPart, readParts } from '../support/form-parts.ts'
import { incoming, slices } from '../support/incoming.ts'
import { type Random, randomFrom } from '../support/random.ts'

const NEAR = `\r\n--${BOUNDARY.slice(0, -1)}`
const EPILOGUE = `--${BOUNDARY}--\r\nepilogue\r\n--${BOUNDARY}\r\nContent-Disposition: form-data; name="late"\r\n\r\nx`

/** Near-boundaries, folded headers, UTF-8 names, an empty file, an empty field, an epilogue. */
const FORM = formBody(
  [
    { name: 'title', body: 'Grüße' },
    { name: 'empty', body: '' },
    { ...filePart('photo ü', '写真 %22夏%22 🌻.jpg', `${NEAR}${NEAR}\r\r\n\r\n--`, 'image/jpeg') },
    { ...filePart('none', 'none.bin', '') },
    {
      name: 'folded',
      headers: ['Content-Type: text/plain;\r\n\tcharset="utf-8"', 'X-Long: a\r\n b\r\n c'],
      body: `\r\n${NEAR}x\r\n`,
    },
    filePart('last', 'last.bin', Buffer.concat([bytes(40), Buffer.from('\r')]), 'application/octet-stream'),
  ],
  EPILOGUE,
)
const LAST_BOUNDARY = FORM.length - EPILOGUE.length + `--${BOUNDARY}--`.length

const EXPECTED: ReadPart[] = [
  { field: 'title', value: 'Grüße' },
  { field: 'empty', value: '' },
  {
    field: 'photo ü',
    filename: '写真 "夏" 🌻.jpg',
    type: 'image/jpeg',
    body: `${NEAR}${NEAR}\r\r\n\r\n--`,
  },
  { field: 'none', filename: 'none.bin', type: 'text/plain', body: '' },
  { field: 'folded', value: `\r\n${NEAR}x\r\n` },
  {
    field: 'last',
    filename: 'last.bin',
    type: 'application/octet-stream',
    body: `${bytes(40).toString('latin1')}\r`,
  },
]

describe('a form', () => {
  it('gives the same parts wherever it is cut in two', async () => {
    for (let at = 0; at <= FORM.length; at++) {
      expect(await readParts([FORM.subarray(0, at), FORM.subarray(at)]), `cut at ${at}`).toEqual(EXPECTED)
    }
  })

  it.each([1, 2, 3, 7, 16, 64, 1000])('gives the same parts in chunks of %i bytes', async size => {
    expect(await readParts(slices(FORM, size))).toEqual(EXPECTED)
  })

  it.each([['whole', FORM.length] as const, ['byte by byte', 1] as const])(
    'is refused when it is cut short at any byte, %s',
    async (_, size) => {
      for (let at = 0; at < LAST_BOUNDARY; at++) {
        const cut = readParts(slices(FORM.subarray(0, at), size))
        await expect(cut, `cut at ${at}`).rejects.toMatchObject({ code: 'TRUNCATED_BODY' })
      }
      expect(await readParts([FORM.subarray(0, LAST_BOUNDARY)])).toEqual(EXPECTED)
    },
  )

  it('gives a file only after the one before has been read to its end', async () => {
    const files = ['a', 'b', 'c']
    const form = formBody(files.map(name => filePart(name, name, `${name} file`)))
    const events: string[] = []
    const onFile = async ({ file: { field }, stream }: FilePart) => {
      events.push(`begin ${field}`)
      stream.once('end', () => events.push(`end ${field}`))
      await nextTurn()
      stream.resume()
    }
    await readForm(
      incoming([form]),
      { boundary: BOUNDARY, declaredLength: undefined },
      resolveOptions('bucket'),
      { onFile, onField() {}, keep: () => undefined },
      new AbortController().signal,
    )
    expect(events).toEqual(files.flatMap(name => [`begin ${name}`, `end ${name}`]))
  })
})

describe('the scanner', () => {
  /** Takes every piece of a form and joins the data of each form part. */
  function scan(body: string, size = body.length): string[] {
    const scanner = new FormScanner('b')
    const parts: string[] = []
    for (const chunk of slices(Buffer.from(body, 'latin1'), size)) {
      scanner.push(chunk)
      for (let piece = scanner.next(); piece; piece = scanner.next()) {
        if (piece.kind === 'headers') parts.push('')
        if (piece.kind === 'data') parts[parts.length - 1] += piece.bytes.toString('latin1')
      }
    }
    scanner.end()
    return parts
  }
  const part = (body: string) => `--b\r\nA: b\r\n\r\n${body}\r\n`

  it.each([
    ['line breaks before the first boundary', `\r\n\r\n${part('x')}--b--`, ['x']],
    ['no part', '--b--', []],
    [
      'blanks behind boundaries',
      `--b \t\r\nA: b\r\n\r\nx\r\n--b\t\r\nA: b\r\n\r\ny\r\n--b-- \r\n`,
      ['x', 'y'],
    ],
    [
      'a boundary right behind the blank line of headers',
      `--b\r\nA: b\r\n\r\n--b\r\nA: b\r\n\r\n--b--`,
      ['', ''],
    ],
    [
      'a boundary in place of the blank line',
      `--b\r\nA: b\r\n--b\r\nA: b\r\n\r\nx\r\n--b\r\nA: b\r\n--b--`,
      ['', 'x', ''],
    ],
    ['a body that begins like a boundary', `--b\r\nA: b\r\n\r\n--a\r\n--b--`, ['--a']],
    ['a body of a line break', `${part('\r\n')}--b--`, ['\r\n']],
    ['bytes behind the last boundary', `${part('x')}--b--${part('y')}--b--`, ['x']],
  ])('accepts %s', (_, body, parts) => {
    expect(scan(body)).toEqual(parts)
    expect(scan(body, 1)).toEqual(parts)
  })

  it.each([
    ['data before the first boundary', `x\r\n${part('x')}--b--`, 'MALFORMED_BODY', /before its first/],
    ['data behind a boundary', `--b x\r\nA: b\r\n\r\nx\r\n--b--`, 'MALFORMED_BODY', /followed by CR and LF/],
    ['a boundary with one hyphen', `${part('x')}--b-\r\n--b--`, 'MALFORMED_BODY', /followed by CR and LF/],
    ['a boundary with LF alone', `--b\nA: b\n\nx\n--b--\n`, 'MALFORMED_BODY', /LF alone/],
    ['a later boundary with LF alone', `--b\r\nA: b\r\n\r\nx\n--b--\n`, 'TRUNCATED_BODY', /closing boundary/],
    ['LF before the first boundary', `\n--b\nA: b\n\nx\n--b--\n`, 'MALFORMED_BODY', /LF alone/],
    ['an end behind blanks', `${part('x')}--b --`, 'MALFORMED_BODY', /followed by CR and LF/],
    ['headers without an end', `--b\r\nA: b\r\n`, 'TRUNCATED_BODY', /closing boundary/],
    ['no boundary', 'x\r\ny', 'MALFORMED_BODY', /"b", does not occur/],
    ['no last boundary', part('x'), 'TRUNCATED_BODY', /closing boundary/],
    ['no bytes', '', 'TRUNCATED_BODY', /closing boundary/],
  ])('refuses %s', (_, body, code, message) => {
    for (const size of [body.length || 1, 1]) {
      const refusal = expect.objectContaining({ code, message: expect.stringMatching(message) })
      expect(() => scan(body, size)).toThrow(refusal)
    }
  })

  it('accepts headers of 16 KiB and refuses one byte more', () => {
    const form = (bytes: number) => `--b\r\nA: ${'x'.repeat(bytes - 'A: \r\n\r\n'.length)}\r\n\r\nx\r\n--b--`
    for (const size of [1, 1000, 20_000]) {
      expect(scan(form(16 * 1024), size)).toEqual(['x'])
      expect(() => scan(form(16 * 1024 + 1), size)).toThrow('more than 16384 bytes')
    }
  })
})

const SEED = Number(process.env.FUZZ_SEED ?? 1)
const FORMS = 1000

it(`reads ${FORMS} well-formed forms as busboy alone does, FUZZ_SEED=${SEED}`, async () => {
  for (let seed = SEED; seed < SEED + FORMS; seed++) {
    const random = randomFrom(seed)
    const body = formBody(wellFormedParts(random))
    const chunks = [...slices(body, random.pick([1, 2, 5, 17, 100, 10_000]))]
    const expected = await busboyParts(chunks)
    expect(await readParts(chunks), `FUZZ_SEED=${seed}`).toEqual(expected)
  }
})

function wellFormedParts(random: Random): FormPart[] {
  const pieces = () =>
    Buffer.concat(
      Array.from({ length: random.below(6) }, () =>
        random.pick([
          random.bytes(random.below(300)),
          Buffer.from(NEAR),
          Buffer.from('\r\n--'),
          Buffer.from('\r'),
        ]),
      ),
    )
  // A near-boundary and a random byte can be a boundary.
  const body = () => {
    const bytes = pieces()
    return bytes.includes(`\r\n--${BOUNDARY}`) ? '' : bytes
  }
  const text = () => random.pick(['', 'plain', 'Grüße', '写真', `a\r\n${NEAR}`, '\r', '--'])
  return Array.from({ length: random.below(7) }, () =>
    random.chance(0.5)
      ? {
          name: random.pick(['a', 'ü', 'x[y]']),
          body: text(),
          headers: random.pick([[], ['X-Other: b;\r\n c=d']]),
        }
      : filePart(
          random.pick(['f', 'ü[]']),
          random.pick(['a.txt', '写真.png', 'a;b=c.txt', "a'b", 'C:\\dir\\a.txt', '../b.txt', 'a\\"b.txt']),
          body(),
          random.pick([
            'text/plain',
            'image/png',
            'text/plain; charset=utf-8',
            'Video/MP4; a="b;c"',
            'nonsense',
          ]),
        ),
  )
}
