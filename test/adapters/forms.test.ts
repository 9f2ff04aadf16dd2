import { describe, expect, it } from 'vitest'
import type { S3UploadOptions } from '../../src/options/options.ts'
import type { IncomingFile } from '../../src/shared/types.ts'
import { exchange, requestHead } from '../hostile/wire.ts'
import { slices } from '../support/incoming.ts'
import { routes, useRunningRoutes } from '../support/routes.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'

const s3 = await useStorage()
const running = useRunningRoutes()

type Part = [headers: string[], body: string | Buffer]

const disposition = (rest: string) => `Content-Disposition: form-data; ${rest}`
const file = (filename: string, ...headers: string[]): Part => [
  [disposition(`name="f"; filename="${filename}"`), ...headers],
  'bytes',
]
const field = (name: string, body: string | Buffer, ...headers: string[]): Part => [
  [disposition(`name="${name}"`), ...headers],
  body,
]
/** Each character is one byte, so that a name can be in any charset. */
const latin1 = (bytes: number[]) => Buffer.from(bytes).toString('latin1')
const utf8 = (text: string) => Buffer.from(text).toString('latin1')

function form(parts: Part[], boundary = 'frontier'): Buffer {
  const bytes = parts.map(([headers, body]) =>
    Buffer.concat([
      Buffer.from(`--${boundary}\r\n${headers.join('\r\n')}\r\n\r\n`, 'latin1'),
      Buffer.from(body as string),
      Buffer.from('\r\n'),
    ]),
  )
  return Buffer.concat([...bytes, Buffer.from(`--${boundary}--\r\n`, 'latin1')])
}

/** A hook that keeps one property of each file. */
const noting = (seen: unknown[], property: keyof IncomingFile) => (file: IncomingFile) => {
  seen.push(file[property])
  return {}
}

const SHIFT_JIS = latin1([0x94, 0x5c, 0x8f, 0x5c])
const ENCODED_WORD = `=?utf-8?B?${Buffer.from('Fotos/Zürich.jpg').toString('base64')}?=`

describe.each(routes)('$name', kind => {
  interface Sending {
    boundary?: string
    options?: Partial<S3UploadOptions>
    /** Content-Length of the request, if it is not that of the body. */
    size?: number
  }

  /** Sends the bytes as they are, over a socket. */
  async function send(
    body: Buffer,
    { boundary = 'frontier', options = {}, size = body.length }: Sending = {},
  ) {
    const route = await kind.open({ bucket: BUCKET, client: s3.oneTry, onError: () => {}, ...options })
    running.push(route)
    const type = `multipart/form-data; boundary=${boundary}`
    const head = requestHead('1', { 'Content-Type': type, 'Content-Length': size, Connection: 'close' })
    return exchange(route.url, [head, body])
  }

  async function store(parts: Part[] | Buffer, sending?: Sending) {
    const { status, json } = await send(
      Buffer.isBuffer(parts) ? parts : form(parts, sending?.boundary),
      sending,
    )
    expect({ status, detail: json.detail }).toEqual({ status: 201, detail: undefined })
    return json
  }

  async function refuse(parts: Part[] | Buffer, sending?: Sending) {
    const { status, json } = await send(Buffer.isBuffer(parts) ? parts : form(parts), sending)
    expectNothingLeft(s3)
    return `${status} ${json.code}: ${json.detail}`
  }

  it.each([
    ['video/webm;codecs=vp8,opus', 'video/webm', 'video/webm'],
    ['video/mp4; codecs=avc1.42E01E, mp4a.40.2', 'video/mp4', 'video/mp4'],
    ['image/jpeg;', 'image/jpeg', 'image/jpeg'],
    ['image/jpeg;;q=1', 'image/jpeg', 'image/jpeg'],
    ['image/jpeg; name=my photo.jpg', 'image/jpeg', 'image/jpeg'],
    ['Image/JPEG ; name="unclosed', 'image/jpeg', 'image/jpeg'],
    ['text/csv; charset=Shift_JIS', 'text/csv', 'text/csv; charset=Shift_JIS'],
    ['text/csv ;header="a;b"', 'text/csv', 'text/csv ;header="a;b"'],
  ])('reads the Content-Type %s of a file', async (sent, type, stored) => {
    const seen: unknown[] = []
    const json = await store([file('a', `Content-Type: ${sent}`)], {
      options: { params: noting(seen, 'contentType') },
    })
    expect(json.files).toMatchObject([{ type, size: 5 }])
    expect(json.files[0]).not.toHaveProperty('contentType')
    expect(s3.objects(BUCKET)).toMatchObject([{ type: stored }])
    expect(seen).toEqual([sent])
  })

  it('stores a part without a filename as a file if its type is no text', async () => {
    const bytes = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0x00, 0x0d])
    const { files, fields } = await store([
      field('image', bytes, 'content-type: image/jpeg'),
      field('drawing', '<svg/>', 'content-type: image/svg+xml'),
      field('text', 'a', 'Content-Type: text/plain; charset=utf-8'),
      field('json', '{}', 'Content-Type: application/json; charset=UTF-8'),
      field('problem', '{}', 'Content-Type: application/problem+json'),
      field('xml', '<a/>', 'Content-Type: application/xml'),
      field('pairs', 'a=b', 'Content-Type: application/x-www-form-urlencoded'),
    ])
    expect(files).toMatchObject([
      { field: 'image', filename: '', type: 'image/jpeg', size: 6 },
      { field: 'drawing', filename: '', type: 'image/svg+xml' },
    ])
    expect(fields).toEqual({ text: 'a', json: '{}', problem: '{}', xml: '<a/>', pairs: 'a=b' })
    expect(s3.objects(BUCKET).some(({ body }) => body.equals(bytes))).toBe(true)
  })

  it.each(['a/b_c.d-E', '===1656457491496===', 'Hyper -166:3', `${'x'.repeat(256)}`])(
    'accepts the unquoted boundary %j',
    async boundary => {
      expect(await store([file('a.txt'), field('t', 'v')], { boundary })).toMatchObject({
        files: [{ filename: 'a.txt', size: 5 }],
        fields: { t: 'v' },
      })
    },
  )

  it.each([
    ['percent-encoded UTF-8', '%E6%97%A5%20x.jpg', '日 x.jpg'],
    ['percent-encoded with a directory', '%E6%97%A5%2F%E6%97%A5.jpg', '日.jpg'],
    ['escapes below %80', 'report%20final.pdf', 'report%20final.pdf'],
    ['percent-encoded bytes that are not UTF-8', '%E6%97.jpg', '%E6%97.jpg'],
    ['characters that encodeURIComponent escapes', '%E6%97%A5 x.jpg', '%E6%97%A5 x.jpg'],
    ['quotes that are not escaped', 'a "b".jpg', 'a "b".jpg'],
    ['a quote before a semicolon', 'a"; b.jpg', 'a"; b.jpg'],
    ['escaped quotes', 'a \\"b\\".jpg', 'a "b".jpg'],
    ['a Base64 encoded word', ENCODED_WORD, 'Zürich.jpg'],
    ['Q encoded words', '=?UTF-8?Q?Z=C3=BC?= =?utf-8?q?_rich.jpg?=', 'Zü rich.jpg'],
    ['an encoded word of an unknown encoding', '=?utf-8?x?abc?=', '=?utf-8?x?abc?='],
    ['control characters', 'a\x01\x08\x0b\x0c\x1b\x7fb.txt', 'ab.txt'],
    ['windows-1252', latin1([0x5a, 0xfc, 0x80, 0x92]), 'Zü€’'],
    ['Shift_JIS without _charset_', `${SHIFT_JIS}.txt`, '”\\\u008f\\.txt'.replace('\u008f', '')],
    ['UTF-8', utf8('日本.txt'), '日本.txt'],
  ])('reads a filename with %s', async (_, sent, filename) => {
    expect((await store([file(sent)])).files).toMatchObject([{ filename, size: 5 }])
  })

  it.each([
    [`filename="a.txt"; filename*=UTF-8''%zz`, 'a.txt'],
    [`filename*=UTF-8''%E6%97%A5.txt; filename="a"b`, '日.txt'],
    [`filename="a.txt"; filename*=utf-8''%ff`, 'a.txt'],
    [`filename*=windows-1251''%cf.txt`, 'П.txt'],
    [`filename="a.txt"; size; modification-date="x`, 'a.txt'],
  ])('keeps the good one of %s', async (names, filename) => {
    expect((await store([[[disposition(`name="f"; ${names}`)], 'bytes']])).files).toMatchObject([
      { filename },
    ])
  })

  it.each([
    ['site/css/index.css', 'index.css', 'site/css/index.css'],
    ['../../etc//./passwd', 'passwd', 'etc/passwd'],
    ['C:\\\\site\\\\index.css', 'index.css', 'site/index.css'],
    ['a\x02/b\x7f.txt', 'b.txt', 'a/b.txt'],
    ['index.css', 'index.css', undefined],
    ['/index.css', 'index.css', undefined],
  ])('gives the path of %j', async (sent, filename, path) => {
    const seen: unknown[] = []
    const options = { params: noting(seen, 'path') }
    const { files } = await store([file(sent)], { options })
    expect(files).toMatchObject([{ filename, ...(path && { path }) }])
    expect([files[0].path, seen]).toEqual([path, [path]])
  })

  it('decodes names and fields in the charset of _charset_', async () => {
    const json = await store([
      field('_charset_', 'Shift_JIS'),
      [[disposition(`name="${SHIFT_JIS}"`)], Buffer.from(SHIFT_JIS, 'latin1')],
      field('own', Buffer.from([0xcf]), 'Content-Type: text/plain; charset="windows-1251"'),
      file(`${SHIFT_JIS}.txt`),
    ])
    expect(json.fields).toEqual({ _charset_: 'Shift_JIS', 能十: '能十', own: 'П' })
    expect(json.files).toMatchObject([{ filename: '能十.txt' }])
  })

  it.each([
    ['windows-1252', [0xa9, 0xfc], '©ü'],
    ['gbk', [0xd6, 0xd0], '中'],
    ['utf-16le', [0x61, 0x00], 'a'],
    ['klingon', [...Buffer.from('ü')], 'ü'],
  ])('decodes a field whose charset is %s', async (charset, bytes, value) => {
    const part = field('a', Buffer.from(bytes), `Content-Type: text/plain; charset=${charset}`)
    expect((await store([part])).fields).toEqual({ a: value })
  })

  it.each<[string, Part, RegExp]>([
    ['not UTF-8', field('a', Buffer.from([0xe9])), /^415 UNSUPPORTED_ENCODING: .*"a" is not valid UTF-8/],
    [
      'not in its unknown charset',
      field('a', Buffer.from([0xe9]), 'Content-Type: text/plain; charset=klingon'),
      /^415 UNSUPPORTED_ENCODING: .*not valid klingon/,
    ],
    [
      'not in its charset',
      field('a', Buffer.from([0x81]), 'Content-Type: text/plain; charset=shift_jis'),
      /^415 UNSUPPORTED_ENCODING: .*not valid shift_jis/,
    ],
    [
      'named in Shift_JIS',
      field(SHIFT_JIS, 'x'),
      /^415 UNSUPPORTED_ENCODING: A field name is not valid UTF-8/,
    ],
    [
      'base64',
      field('a', 'aGk=', 'Content-Transfer-Encoding: BASE64 '),
      /^415 UNSUPPORTED_ENCODING: .*Content-Transfer-Encoding BASE64/,
    ],
    [
      'quoted-printable',
      field('a', '=E9', 'Content-Transfer-Encoding:quoted-printable'),
      /^415 UNSUPPORTED_ENCODING/,
    ],
    [
      'a nested form',
      field('a', '--n--', 'Content-Type: multipart/mixed; boundary=n'),
      /^400 MALFORMED_BODY: .*Send each file as a form part of its own/,
    ],
    ['named with a NUL', field('a\0b', 'x'), /^400 MALFORMED_BODY/],
  ])('refuses a field that is %s', async (_, part, refusal) => {
    expect(await refuse([file('a.txt'), part])).toMatch(refusal)
  })

  it('refuses a base64 file, and ignores a transfer encoding that does not exist', async () => {
    expect(await refuse([file('a', 'Content-Transfer-Encoding: base64')])).toMatch(
      /^415 UNSUPPORTED_ENCODING/,
    )
    const { files, fields } = await store([
      file('a', 'Content-Transfer-Encoding: 8-bit'),
      field('b', 'c', 'Content-Transfer-Encoding: utf-8'),
    ])
    expect([files.length, fields]).toEqual([1, { b: 'c' }])
  })

  it('stores a web archive, whose type is multipart/related', async () => {
    const { files } = await store([file('page.mht', 'Content-Type: multipart/related; boundary=x')])
    expect(files).toMatchObject([{ filename: 'page.mht', type: 'multipart/related' }])
  })

  const GOOD = form([file('a.txt')])
  it.each<[string, Buffer, Sending, RegExp]>([
    [
      'the wrong boundary',
      GOOD,
      { boundary: 'undefined' },
      /^400 MALFORMED_BODY: .*"undefined", does not occur/,
    ],
    [
      'LF line ends',
      Buffer.from(GOOD.toString().replaceAll('\r\n', '\n')),
      {},
      /^400 MALFORMED_BODY: .*LF alone/,
    ],
    [
      'LF in its headers',
      Buffer.from(`--frontier\r\n${disposition('name="a"')}\nA: b\r\n\r\nx\r\n--frontier--`),
      {},
      /^400 MALFORMED_BODY: .*LF alone/,
    ],
    [
      'bytes before it',
      Buffer.concat([Buffer.from('x'), GOOD]),
      {},
      /^400 MALFORMED_BODY: .*data before its first/,
    ],
    [
      'text behind a boundary',
      Buffer.from(GOOD.toString().replace('frontier', 'frontier x')),
      {},
      /^400 MALFORMED/,
    ],
  ])('says what is wrong with a form with %s', async (_, body, sending, refusal) => {
    expect(await refuse(body, sending)).toMatch(refusal)
  })

  it('says the type of a file that declares none', async () => {
    const options = { accept: 'image/*' }
    expect(await refuse([file('photo.jpg')], { options })).toMatch(
      /^415 TYPE_NOT_ACCEPTED: photo.jpg is text\/plain, which is not accepted/,
    )
  })

  it('accepts parts without a body, and blanks behind boundaries', async () => {
    const body = [
      '--frontier \t',
      `${disposition('name="f"; filename="none.txt"')}\r\n`,
      '--frontier',
      disposition('name="a"'),
      '--frontier',
      `${disposition('name="b"')}\r\n`,
      '--frontier--',
    ]
    expect(await store(Buffer.from(body.join('\r\n')))).toMatchObject({
      files: [{ filename: 'none.txt', size: 0 }],
      fields: { a: '', b: '' },
    })
  })
})

describe('which of several errors', () => {
  const [kind] = routes
  const body = form([field('a', 'x'.repeat(50)), file('big', 'A: b'), field('z', 'z'.repeat(3000))])

  it.each<[Partial<S3UploadOptions>, string]>([
    [{ maxFileSize: 4, maxTotalSize: 3 }, 'TOTAL_TOO_LARGE'],
    [{ maxFileSize: 3, maxTotalSize: 4 }, 'FILE_TOO_LARGE'],
    [{ maxFileSize: 3, maxFieldSize: 100 }, 'FILE_TOO_LARGE'],
    [{ maxFieldSize: 20, maxFileSize: 3 }, 'FIELD_TOO_LARGE'],
    [{ maxFileSize: 3, maxFiles: 1, maxFields: 1 }, 'FILE_TOO_LARGE'],
    [{ accept: 'image/*', maxFields: 1 }, 'TYPE_NOT_ACCEPTED'],
  ])('%j breaks does not depend on the chunks', async (options, code) => {
    for (const size of [1, 7, 100, body.length]) {
      const route = await kind?.open({ bucket: BUCKET, client: s3.oneTry, onError: () => {}, ...options })
      if (route === undefined) throw new Error('There is no route.')
      running.push(route)
      const head = requestHead('1', {
        'Content-Type': 'multipart/form-data; boundary=frontier',
        'Transfer-Encoding': 'chunked',
        Connection: 'close',
      })
      const chunks = [...slices(body, size)].map(chunk =>
        Buffer.concat([Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]),
      )
      const { json } = await exchange(route.url, [head, ...chunks, '0\r\n\r\n'])
      expect(json.code, `chunks of ${size}`).toBe(code)
    }
  })
})
