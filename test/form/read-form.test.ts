import { PassThrough } from 'node:stream'
import { streamToS3, type UploadResult } from 's3-upstream'
import { describe, expect, it } from 'vitest'
import type { StreamToS3Options } from '../../src/options/options.ts'
import { bytes, MB } from '../support/bytes.ts'
import { hold } from '../support/faults.ts'
import { BOUNDARY, type FormPart, filePart, formBody } from '../support/form-body.ts'
import { incoming, slices } from '../support/incoming.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { until } from '../support/until.ts'

const s3 = await useStorage()

function upload(
  form: Buffer | FormPart[],
  options: Partial<StreamToS3Options> = {},
  headers = {},
): Promise<UploadResult> {
  const body = Buffer.isBuffer(form) ? form : formBody(form)
  return streamToS3(incoming(slices(body, 1000), headers), { bucket: BUCKET, client: s3.oneTry, ...options })
}

const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => 'stored',
    error => error,
  )

describe('files', () => {
  it.each<[string, FormPart, string]>([
    ['UTF-8', filePart('f', '日本語 ü.txt', 'x'), '日本語 ü.txt'],
    ['quotes as browsers escape them', filePart('f', '%22a%22.txt', 'x'), '"a".txt'],
    ['quotes as curl escapes them', filePart('f', '\\"a\\".txt', 'x'), '"a".txt'],
    ['a path of Unix', filePart('f', '../../etc/passwd', 'x'), 'passwd'],
    ['a path of Windows', filePart('f', 'C:\\\\fakepath\\\\a.txt', 'x'), 'a.txt'],
  ])('have the name that the client sent: %s', async (_, part, filename) => {
    expect((await upload([part])).files[0]?.filename).toBe(filename)
  })

  it('have the name of filename* where there is one (RFC 8187)', async () => {
    const disposition = `form-data; name="f"; filename="x"; filename*=UTF-8''%E6%97%A5.txt`
    const part = Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: ${disposition}\r\n\r\nx\r\n`)
    const { files } = await upload(Buffer.concat([part, formBody([])]))
    expect(files[0]?.filename).toBe('日.txt')
  })

  it('are no files without a name and without bytes, and do not reach the hooks', async () => {
    const empty = { name: 'f', filename: '', type: 'application/octet-stream' }
    const seen: string[] = []
    const { files } = await upload([empty, filePart('g', 'g', 'x'), empty], {
      accept: 'text/plain',
      maxFiles: 1,
      key: ({ field }) => {
        seen.push(field)
        return field
      },
    })
    expect(files.map(({ field }) => field)).toEqual(['g'])
    expect(seen).toEqual(['g'])
  })

  it('without a name but with bytes are files, and so are those with a name and no bytes', async () => {
    const { files } = await upload([
      { name: 'nameless', type: 'application/octet-stream', body: 'bytes' },
      filePart('empty', 'empty.txt', ''),
    ])
    expect(files).toMatchObject([
      { field: 'nameless', filename: '', size: 5 },
      { field: 'empty', filename: 'empty.txt', size: 0 },
    ])
    expect(
      s3
        .objects(BUCKET)
        .map(({ size }) => size)
        .sort(),
    ).toEqual([0, 5])
  })

  it('without a name but with bytes are files, whatever their type', async () => {
    const { files } = await upload([{ name: 'f', filename: '', type: 'image/png', body: 'bytes' }])
    expect(files).toMatchObject([{ field: 'f', filename: '', type: 'image/png', size: 5 }])
  })

  it('of a field whose name browsers had to escape', async () => {
    const { files, fields } = await upload([filePart('a%22b', 'x', 'x'), { name: 'c%0Ad', body: 'e' }])
    expect([files[0]?.field, fields]).toEqual(['a"b', { 'c\nd': 'e' }])
  })

  it('have text/plain for a type where the client declares none (RFC 7578, 4.4)', async () => {
    const { files } = await upload([{ name: 'f', filename: 'a.bin', body: 'x' }])
    expect(files[0]?.type).toBe('text/plain')
  })

  it('with one key for two of them are refused: one would be lost', async () => {
    const form = [filePart('a', 'same', 'a'), filePart('b', 'same', 'b')]
    const error = await refusal(upload(form, { key: ({ filename }) => filename }))
    expect(error).toMatchObject({ code: 'DUPLICATE_KEY', status: 409, field: 'b' })
    expectNothingLeft(s3)
  })

  it('with a key that S3 cannot have fail the form', async () => {
    const error = await refusal(upload([filePart('a', 'a', bytes(3000))], { key: () => '' }))
    expect(error).toMatchObject({ code: 'INVALID_KEY', status: 500, field: 'a' })
    expectNothingLeft(s3)
  })

  it('with a parameter of ours from params() fail the form', async () => {
    const params = () => ({ Key: 'mine' }) as object
    const error = await refusal(upload([filePart('a', 'a', 'a')], { params }))
    expect(error).toMatchObject({ code: 'HOOK_FAILED', status: 500, cause: expect.any(TypeError) })
    expectNothingLeft(s3)
  })

  it('encoded for transfer are refused: their code would be stored', async () => {
    const part = { ...filePart('a', 'a', 'aGk='), headers: ['Content-Transfer-Encoding: base64'] }
    const error = await refusal(upload([part]))
    expect(error).toMatchObject({ code: 'UNSUPPORTED_ENCODING', status: 415 })
  })
})

describe('fields', () => {
  it('are gathered on an object without a prototype', async () => {
    const names = ['__proto__', 'constructor', 'toString', 'a[b]']
    const { fields } = await upload(names.map(name => ({ name, body: name })))
    expect(Object.getPrototypeOf(fields)).toBeNull()
    expect(Object.entries(fields)).toEqual(names.map(name => [name, name]))
    expect({}).not.toHaveProperty('polluted')
  })

  it('that come several times have all their values', async () => {
    const { fields } = await upload(['1', '2', '3'].map(body => ({ name: 'n', body })))
    expect(fields.n).toEqual(['1', '2', '3'])
  })

  it.each<[string, FormPart[], Partial<StreamToS3Options>, object]>([
    ['too many', [{ name: 'a' }, { name: 'b' }], { maxFields: 1 }, { code: 'TOO_MANY_FIELDS', limit: 1 }],
    [
      'too large',
      [{ name: 'a', body: '123456' }],
      { maxFieldSize: 5 },
      { code: 'FIELD_TOO_LARGE', limit: 5, field: 'a' },
    ],
    [
      'with too long a name',
      [{ name: 'ééé' }],
      { maxFieldNameSize: 5 },
      { code: 'FIELD_NAME_TOO_LONG', limit: 5 },
    ],
    [
      'of files with too long a name',
      [filePart('abcdef', 'x', 'x')],
      { maxFieldNameSize: 5 },
      { code: 'FIELD_NAME_TOO_LONG' },
    ],
    [
      'too large in total',
      [
        { name: 'é', body: '123' },
        { name: 'b', body: '1234' },
      ],
      { maxFieldsSize: 9 },
      { code: 'FIELDS_TOO_LARGE', limit: 9, field: 'b' },
    ],
    [
      'too large in total while the last one arrives',
      [{ name: 'a', body: 'x'.repeat(50_000) }],
      { maxFieldsSize: 40_000 },
      { code: 'FIELDS_TOO_LARGE', limit: 40_000, field: 'a' },
    ],
  ])('%s are refused with 413', async (_, form, options, expected) => {
    const withFile = [filePart('f', 'f', 'f'), ...form]
    expect(await refusal(upload(withFile, options))).toMatchObject({ status: 413, ...expected })
    expectNothingLeft(s3)
  })

  it('exactly at their limits are taken', async () => {
    const { fields } = await upload([{ name: 'ééa', body: '12345' }], {
      maxFields: 1,
      maxFieldSize: 5,
      maxFieldNameSize: 5,
      maxFieldsSize: 10,
    })
    expect(fields).toEqual({ ééa: '12345' })
  })

  it('in another charset are decoded', async () => {
    const { fields } = await upload([
      { name: 'a', type: 'text/plain; charset=latin1', body: Buffer.from([0xe9]) },
    ])
    expect(fields.a).toBe('é')
  })
})

describe('malformed forms', () => {
  const cases: [string, Buffer, object, string][] = [
    ['without a first boundary', Buffer.from('hello'), {}, 'MALFORMED_BODY'],
    ['that are empty', Buffer.alloc(0), {}, 'TRUNCATED_BODY'],
    [
      'with a broken head',
      Buffer.from(`--${BOUNDARY}\r\nno header\r\n\r\nx\r\n--${BOUNDARY}--`),
      {},
      'MALFORMED_BODY',
    ],
    [
      'with a head without end',
      Buffer.from(`--${BOUNDARY}\r\nA: ${'b'.repeat(20_000)}`),
      {},
      'MALFORMED_BODY',
    ],
    ['with a part without a name', formBody([{ body: 'x' }]), {}, 'MALFORMED_BODY'],
    ['with a file without a field name', formBody([{ filename: 'a.txt', body: 'x' }]), {}, 'MALFORMED_BODY'],
    [
      'with an empty boundary',
      formBody([]),
      { 'content-type': 'multipart/form-data; boundary=""' },
      'MISSING_BOUNDARY',
    ],
    [
      'of another multipart type',
      formBody([]),
      { 'content-type': `multipart/mixed; boundary=${BOUNDARY}` },
      'NOT_MULTIPART',
    ],
    [
      'with a broken Content-Type',
      formBody([]),
      { 'content-type': 'multipart/form-data; boundary="a' },
      'MISSING_BOUNDARY',
    ],
    ['without a Content-Type', formBody([]), { 'content-type': undefined }, 'NOT_MULTIPART'],
    ['that are compressed', formBody([]), { 'content-encoding': 'gzip' }, 'UNSUPPORTED_ENCODING'],
    [
      'longer than they declare',
      formBody([filePart('a', 'a', bytes(3000))]),
      { 'content-length': '1500' },
      'MALFORMED_BODY',
    ],
  ]

  const raw = (disposition: string, boundary = `--${BOUNDARY}\r\n`) =>
    Buffer.concat([
      Buffer.from(`${boundary}Content-Disposition: ${disposition}\r\n\r\nhello\r\n`),
      formBody([]),
    ])

  it.each([
    ['a quote in its field name that is not escaped', raw('form-data; name="a"b"; filename="a.txt"')],
    ['a quote that is not closed', raw('form-data; name="a"; filename="a.txt')],
    ['no semicolon', raw('form-data; name="a" filename="a.txt"')],
    ['a broken escape in filename*', raw(`form-data; name="a"; filename*=UTF-8''%zz.txt`)],
    ['another disposition', raw('attachment; name="a"; filename="a.txt"')],
    [
      'no disposition',
      Buffer.concat([Buffer.from(`--${BOUNDARY}\r\nContent-Type: text/plain\r\n\r\nx\r\n`), formBody([])]),
    ],
    ['text after its boundary', raw('form-data; name="a"; filename="a.txt"', `--${BOUNDARY} a\r\n`)],
    ['an end after blanks', raw('form-data; name="a"; filename="a.txt"', `--${BOUNDARY} --\r\n`)],
    ['a boundary in its bytes', formBody([filePart('a', 'a.txt', `hello\r\n--${BOUNDARY}X and more`)])],
    [
      'a blank before its boundary',
      Buffer.concat([Buffer.from(' '), formBody([filePart('a', 'a.txt', 'hello')])]),
    ],
    [
      'half a line end before its boundary',
      Buffer.concat([Buffer.from('\n'), formBody([filePart('a', 'a.txt', 'a'), filePart('b', 'b', 'b')])]),
    ],
    [
      'words before its boundary',
      Buffer.concat([Buffer.from('before\r\n'), formBody([filePart('a', 'a.txt', 'a')])]),
    ],
    ['half an end in its bytes', formBody([filePart('a', 'a.txt', `hello\r\n--${BOUNDARY}-X`)])],
    [
      'a boundary in its head',
      Buffer.concat([
        Buffer.from(
          `--${BOUNDARY}\r\nContent-Disposition: form-data; name="a"; filename="a"\r\n--${BOUNDARY}\r\n\r\n\r\n`,
        ),
        Buffer.from('Content-Disposition: form-data; name="b"\r\n\r\nx\r\n'),
        formBody([]),
      ]),
    ],
  ])('with a part that would be lost are refused: %s', async (_, body) => {
    expect(await refusal(upload(body))).toMatchObject({ code: 'MALFORMED_BODY', status: 400 })
    expectNothingLeft(s3)
  })

  it.each([
    ['curl', 'form-data; name="f"; filename="a.txt"', 'a.txt'],
    ['.NET', `form-data; name=f; filename=a.txt; filename*=utf-8''a%20b.txt`, 'a b.txt'],
    [
      'React Native',
      `form-data; name="f"; filename="x"; filename*=utf-8''IMG%20(1),Bob's@2.jpg`,
      "IMG (1),Bob's@2.jpg",
    ],
    ['Internet Explorer', 'form-data; name="f"; filename="C:\\x\\a.txt"', 'a.txt'],
    ['no quotes around a space', 'form-data; name=f; filename=my file.txt', 'my file.txt'],
    ['no quotes around UTF-8', 'form-data; name=f; filename=日本.txt', '日本.txt'],
    ['no quotes around brackets', 'form-data; name=f[0]; filename=a(1).txt', 'a(1).txt'],
    ['a semicolon at the end', 'form-data; name="f"; filename="a.txt";', 'a.txt'],
    ['a semicolon in a name', 'form-data; name="f"; filename="a; b=c.txt"', 'a; b=c.txt'],
    ['capitals', 'Form-Data; Name="f"; FileName="a.txt"', 'a.txt'],
    ['no blanks', 'form-data;name="f";filename="a.txt"', 'a.txt'],
    ['a backtick', 'form-data; name="f"; filename*=UTF-8\'\'a`b.txt', 'a`b.txt'],
  ])('are read as %s writes them', async (_, disposition, filename) => {
    const { files } = await upload(raw(disposition))
    expect(files).toMatchObject([{ filename, size: 5 }])
  })

  it('of which a proxy has cut the end are refused with both lengths', async () => {
    const whole = formBody([filePart('a', 'a', bytes(3000))])
    const error = await refusal(upload(whole.subarray(0, 1500), {}, { 'content-length': `${whole.length}` }))
    expect(error).toMatchObject({
      code: 'TRUNCATED_BODY',
      message: expect.stringContaining(`Only 1500 of the ${whole.length} bytes`),
    })
    expectNothingLeft(s3)
  })

  it.each(cases)('%s are refused', async (_, body, headers, code) => {
    expect(await refusal(upload(body, {}, headers))).toMatchObject({ code, expose: true })
    expectNothingLeft(s3)
  })

  it('of many parts that are neither files nor fields are refused', async () => {
    const nothing = { name: 'f', filename: '', type: 'application/octet-stream' }
    expect(await refusal(upload(Array<FormPart>(10_000).fill(nothing)))).toMatchObject({
      code: 'TOO_MANY_PARTS',
      status: 413,
      limit: 120,
    })
  })

  it('may have as many parts as files, empty inputs and fields are allowed', async () => {
    const form = [
      { name: 'a', body: '' },
      filePart('f', 'f', 'f'),
      { name: 'g', filename: '', type: 'application/octet-stream' },
    ]
    expect((await upload(form, { maxFiles: 1, maxFields: 1 })).files).toHaveLength(1)
    expect(
      await refusal(upload([...form, form[2] as FormPart], { maxFiles: 1, maxFields: 1 })),
    ).toMatchObject({
      code: 'TOO_MANY_PARTS',
      limit: 3,
    })
  })

  it.each([
    ['begun', filePart('x', 'n', 'never ends')],
    ['whole', filePart('x', 'n', 'whole')],
  ])('may have a %s part behind their end, which is none', async (what, part) => {
    const end = formBody([], `--${BOUNDARY}--\r\n--${BOUNDARY}\r\n`)
    const behind = formBody([part], what === 'whole' ? undefined : '')
    const body = Buffer.concat([formBody([filePart('f', 'f', 'good')], ''), end, behind])
    expect((await upload(body)).files.map(({ field }) => field)).toEqual(['f'])
    expect(s3.objects(BUCKET)).toHaveLength(1)
  })

  it('may have line ends before their first boundary and anything behind their last', async () => {
    const body = Buffer.concat([
      Buffer.from('\r\n'),
      formBody([filePart('f', 'f', 'f')]),
      Buffer.from('after'),
    ])
    expect((await upload(body)).files).toHaveLength(1)
  })
})

describe('a request', () => {
  it('is uploaded once', async () => {
    const request = incoming([formBody([filePart('f', 'f', 'f')])])
    const first = streamToS3(request, { bucket: BUCKET, client: s3.client })
    const second = await refusal(streamToS3(request, { bucket: BUCKET, client: s3.client }))
    expect(second).toMatchObject({ code: 'BODY_ALREADY_READ', status: 500, expose: true })
    expect(second.message).toMatch(/already being uploaded/)
    expect((await first).files).toHaveLength(1)
  })

  it('that has come whole is not stalled, however long a hook takes for its last file', async () => {
    const form = formBody([filePart('a', 'a', 'a'), filePart('b', 'b', 'b')])
    const request = incoming([form])
    // All of it, and its end, wait in the stream.
    await new Promise<void>(resolve => request.once('readable', resolve))
    request.read(0)
    await new Promise(resolve => setImmediate(resolve))
    const { files } = await streamToS3(request, {
      bucket: BUCKET,
      client: s3.client,
      idleTimeout: 20,
      key: async ({ filename }) => {
        if (filename === 'b') await new Promise(resolve => setTimeout(resolve, 100))
        return filename
      },
    })
    expect(files).toHaveLength(2)
  })

  it('that somebody else reads, and has paused, is left alone', async () => {
    const form = formBody([filePart('f', 'f', bytes(3 * MB))])
    const request = incoming(slices(form, 65_536))
    let received = 0
    request.on('data', chunk => {
      received += chunk.length
    })
    await new Promise<void>(resolve =>
      request.once('data', () => {
        request.pause()
        resolve()
      }),
    )
    const options = { bucket: BUCKET, client: s3.client, drainTimeout: 1 }
    expect(await refusal(streamToS3(request, options))).toMatchObject({ code: 'BODY_ALREADY_READ' })
    request.resume()
    await new Promise(resolve => request.once('end', resolve))
    expect(received).toBe(form.length)
  })

  it('does not suffer from a second call while the first one is held back by S3', async () => {
    const release = hold(s3, 'UploadPart')
    const body = bytes(30 * MB)
    const request = incoming(slices(formBody([filePart('f', 'f', body)]), 65_536))
    const options = { bucket: BUCKET, client: s3.client, concurrency: 1, drainTimeout: 1 }
    const first = streamToS3(request, options)
    await until(() => request.isPaused())
    expect(await refusal(streamToS3(request, options))).toMatchObject({ code: 'BODY_ALREADY_READ' })
    release()
    expect((await first).files).toMatchObject([{ size: body.length }])
  })

  it.each<[string, (request: ReturnType<typeof incoming>) => unknown, RegExp]>([
    ['that is being read', request => request.on('readable', () => {}), /already being read/],
    ['that arrives as text', request => request.setEncoding('utf8'), /setEncoding/],
  ])('%s is refused at once', async (_, spoil, message) => {
    const request = incoming([formBody([filePart('f', 'f', 'f')])])
    spoil(request)
    const error = await refusal(streamToS3(request, { bucket: BUCKET, client: s3.client }))
    expect(error).toMatchObject({ code: 'BODY_ALREADY_READ', message: expect.stringMatching(message) })
  })

  it('with small declared length gets small parts, whatever the limit', async () => {
    const body = formBody([filePart('f', 'f', bytes(11 * MB))])
    const headers = { 'content-length': `${body.length}` }
    await streamToS3(incoming(slices(body, 65_536), headers), {
      bucket: BUCKET,
      client: s3.client,
      maxFileSize: '100GB',
    })
    expect(s3.objects(BUCKET)[0]?.parts).toEqual([5 * MB, 5 * MB, MB])
    s3.reset()
    await streamToS3(incoming(slices(body, 65_536)), {
      bucket: BUCKET,
      client: s3.client,
      maxFileSize: '100GB',
    })
    expect(s3.objects(BUCKET)[0]?.parts).toBeUndefined()
  })

  it('of a client that has already gone is no fault of the server', async () => {
    const request = incoming([formBody([filePart('f', 'f', 'f')])])
    request.destroy()
    const error = await refusal(streamToS3(request, { bucket: BUCKET, client: s3.client }))
    expect(error).toMatchObject({ code: 'ABORTED', status: 499 })
  })

  it('leaves no listener on the signal of the user', async () => {
    const { signal } = new AbortController()
    let listening = 0
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listening++
      return add(...args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listening--
      return remove(...args)
    }
    await upload([filePart('f', 'f', bytes(3000))], { signal })
    await refusal(upload(Buffer.from('x'), { signal }))
    expect(listening).toBe(0)
  })

  it('that fails while it is being refused does not take the process down', async () => {
    const request = Object.assign(new PassThrough(), { headers: { 'content-type': 'text/plain' } })
    await refusal(streamToS3(request, { bucket: BUCKET, client: s3.client }))
    request.destroy(new Error('reset'))
    await new Promise(resolve => request.once('close', resolve))
  })

  it('whose onError throws is refused with its own error, and a warning', async () => {
    const warned = new Promise<Error>(resolve => process.once('warning', resolve))
    const onError = () => {
      throw new Error('log is full')
    }
    expect(await refusal(upload(Buffer.from('x'), { onError }))).toMatchObject({ code: 'MALFORMED_BODY' })
    expect((await warned).message).toBe('onError failed: Error: log is full')
  })
})
