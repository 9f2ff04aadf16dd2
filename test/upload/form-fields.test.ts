import { type } from 'arktype'
import { streamToS3, type UploadError } from 's3-upstream'
import * as v from 'valibot'
import { describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import type { StreamToS3Options } from '../../src/options/options.ts'
import { bytes, MB } from '../support/bytes.ts'
import { filePart, formBody } from '../support/form-body.ts'
import { incoming, slices } from '../support/incoming.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { uploaders } from '../support/uploaders.ts'

const s3 = await useStorage()

type Options = Partial<Omit<StreamToS3Options, 'fields'>> & { fields?: StreamToS3Options['fields'] | object }
type Part = Parameters<typeof formBody>[0][number]

function upload(parts: readonly Part[], options: Options, chunk = 65_536) {
  const given = { bucket: BUCKET, client: s3.oneTry, ...options } as StreamToS3Options
  return streamToS3(incoming(slices(formBody([...parts]), chunk)), given)
}

const failure = (parts: readonly Part[], options: Options, chunk?: number): Promise<UploadError> =>
  upload(parts, options, chunk).then(
    () => expect.unreachable('The upload succeeded'),
    error => error,
  )

const field = (name: string, body: string): Part => ({ name, body })
const FILE = filePart('file', 'a.txt', 'hello')

const schemas = [
  { library: 'zod', schema: z.object({ title: z.string().min(3), year: z.coerce.number() }) },
  {
    library: 'valibot',
    schema: v.object({
      title: v.pipe(v.string(), v.minLength(3)),
      year: v.pipe(v.string(), v.transform(Number), v.number()),
    }),
  },
  { library: 'arktype', schema: type({ title: 'string >= 3', year: 'string.numeric.parse' }) },
]

describe.each(schemas)('a schema of $library', ({ schema }) => {
  it('gives its output to validate, to onStored and to the result', async () => {
    const seen: unknown[] = []
    const result = await upload([field('title', 'Tour'), field('year', '2026'), FILE], {
      fields: schema,
      validate: ({ fields }, context) => seen.push(fields, context.fields),
      onStored: ({ fields }) => seen.push(fields),
    })
    const output = { title: 'Tour', year: 2026 }
    expect(result.fields).toEqual(output)
    expect(seen).toEqual([output, { title: 'Tour', year: '2026' }, output])
  })

  it.each(uploaders)('refuses fields, and nothing is stored by the $name', async ({ uploader }) => {
    const error = await failure(
      [field('title', 'x'), field('year', '2026'), filePart('b', 'b', bytes(6 * MB)), FILE],
      {
        fields: schema,
        uploader,
      },
    )
    expect(error).toMatchObject({ code: 'INVALID_FIELDS', status: 422, field: 'title', expose: true })
    expect(error.issues).toEqual([{ path: ['title'], message: expect.stringMatching(/./) }])
    expect(error.message).toMatch(/^The fields are invalid\. title: /)
    expectNothingLeft(s3)
  })

  it('refuses missing fields', async () => {
    const error = await failure([FILE], { fields: schema })
    expect(error.issues?.map(({ path }) => path.join())).toContain('title')
    expectNothingLeft(s3)
  })
})

describe('a schema', () => {
  const standard = (validate: (value: unknown) => unknown) => ({
    '~standard': { version: 1, vendor: 'test', validate },
  })

  it('may be async', async () => {
    const fields = standard(async value => ({ value: { all: value } }))
    const result = await upload([field('a', '1'), FILE], { fields })
    expect(result.fields).toEqual({ all: { a: '1' } })
  })

  it('gets strings in an object without a prototype', async () => {
    let seen: unknown
    const fields = standard(value => {
      seen = value
      return { value }
    })
    await upload([field('__proto__', 'x'), field('a', '1'), field('a', '2'), FILE], { fields })
    expect(Object.getPrototypeOf(seen)).toBeNull()
    expect(Object.entries(seen as object)).toEqual([
      ['__proto__', 'x'],
      ['a', ['1', '2']],
    ])
  })

  it('is not asked before the whole form has been read', async () => {
    const validate = vi.fn(value => ({ value }))
    const error = await failure([FILE, filePart('b', 'b', bytes(100))], {
      fields: standard(validate),
      maxFileSize: '10B',
    })
    expect(error.code).toBe('FILE_TOO_LARGE')
    expect(validate).not.toHaveBeenCalled()
  })

  it('has a bounded number of issues, with bounded texts', async () => {
    const issue = { message: 'x'.repeat(10_000), path: Array(100).fill('y'.repeat(10_000)) }
    const fields = standard(() => ({ issues: Array(5000).fill(issue) }))
    const { issues = [], message } = await failure([FILE], { fields })
    expect(issues).toHaveLength(100)
    expect(JSON.stringify(issues).length).toBeLessThan(100 * 8000)
    expect(message).toMatch(/There are 99 more\.$/)
  })

  it('may have paths of objects, symbols and numbers', async () => {
    const path = [{ key: 'a' }, 0, Symbol('s')]
    const fields = standard(() => ({ issues: [{ message: 'no', path }, { message: 'all' }] }))
    expect((await failure([FILE], { fields })).issues).toEqual([
      { path: ['a', 0, 'Symbol(s)'], message: 'no' },
      { path: [], message: 'all' },
    ])
  })

  it.each<[string, () => unknown]>([
    ['throws a bug', () => (undefined as unknown as { x: string }).x],
    ['rejects with an outage', () => Promise.reject(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }))],
    ['returns nothing', () => undefined],
    ['returns issues that are none', () => ({ issues: 5 })],
  ])('that %s is a fault of the server', async (_, validate) => {
    const error = await failure([FILE], { fields: standard(validate) })
    expect(error).toMatchObject({ code: 'HOOK_FAILED', status: 500, expose: false })
    expect(error.message).toMatch(/^fields failed: /)
    expectNothingLeft(s3)
  })

  it('that does not settle ends with hookTimeout', async () => {
    const error = await failure([FILE], { fields: standard(() => new Promise(() => {})), hookTimeout: 10 })
    expect(error).toMatchObject({
      code: 'HOOK_FAILED',
      message: expect.stringMatching(/^fields did not finish/),
    })
    expectNothingLeft(s3)
  })

  it('escapes what the client wrote, in its message for logs', async () => {
    const fields = standard(() => ({ issues: [{ message: 'a\nFORGED', path: ['b\u001b[31m'] }] }))
    const { message, issues } = await failure([FILE], { fields })
    expect(message).toBe(String.raw`The fields are invalid. b\u001b[31m: a\nFORGED`)
    expect(issues).toEqual([{ path: ['b\u001b[31m'], message: 'a\nFORGED' }])
  })

  it.each([5, 'zod', {}, { '~standard': {} }, [], () => {}])('must be one: %j', schema => {
    const call = () => streamToS3(incoming([]), { bucket: BUCKET, fields: schema as never })
    expect(call).toThrow(TypeError)
    expect(call).toThrow(/^fields must be a Standard Schema/)
  })
})

describe('nestFields', () => {
  const nested = async (...parts: Part[]) => (await upload([...parts, FILE], { nestFields: true })).fields

  it('makes objects and arrays', async () => {
    expect(
      await nested(
        field('a[b]', '1'),
        field('a[c][0]', '2'),
        field('a[c][1]', '3'),
        field('tags[]', 'x'),
        field('tags[]', 'y'),
        field('plain', '%41+b'),
      ),
    ).toEqual({ a: { b: '1', c: ['2', '3'] }, tags: ['x', 'y'], plain: '%41+b' })
  })

  it('makes no object with a prototype, and changes none', async () => {
    const fields = await nested(
      field('__proto__[polluted]', 'x'),
      field('a[__proto__][polluted]', 'x'),
      field('constructor[prototype][polluted]', 'x'),
      field('a[b]', '1'),
    )
    expect(({} as { polluted?: string }).polluted).toBeUndefined()
    const objects: object[] = [fields]
    for (const object of objects) {
      expect(Object.getPrototypeOf(object)).toBeNull()
      objects.push(...Object.values(object).filter(value => typeof value === 'object'))
    }
    expect(objects.length).toBeGreaterThan(1)
  })

  it('makes no array of a large index', async () => {
    expect(await nested(field('a[1000000000]', 'x'))).toEqual({ a: { 1000000000: 'x' } })
  })

  it('keeps as many values of an array as there may be fields', async () => {
    const values = Array.from({ length: 100 }, (_, index) => field('a[]', `${index}`))
    expect((await nested(...values)).a).toHaveLength(100)
  })

  it('refuses a name that is nested too deeply', async () => {
    const name = `a${'[b]'.repeat(11)}`
    const error = await failure([field('c', '1'), field(name, 'x'), FILE], { nestFields: true })
    expect(error).toMatchObject({ code: 'INVALID_FIELDS', status: 422, issues: [{ path: [name] }] })
    expectNothingLeft(s3)
  })

  it('comes before the schema', async () => {
    const schema = z.object({ a: z.object({ b: z.array(z.coerce.number()) }) })
    const parts = [field('a[b][]', '1'), field('a[b][]', '2'), FILE]
    expect((await upload(parts, { nestFields: true, fields: schema })).fields).toEqual({ a: { b: [1, 2] } })
  })

  it('leaves the names of files alone', async () => {
    const { files } = await upload([filePart('a[b]', 'a', 'x')], { nestFields: true })
    expect(files).toMatchObject([{ field: 'a[b]' }])
  })
})

describe.each([1, 65_536])('fieldsFirst, in chunks of %i bytes', chunk => {
  const schema = z.object({ title: z.string().min(3) })
  const order: string[] = []
  const options: Options = {
    fieldsFirst: true,
    onFile: ({ field }) => void order.push(field),
    key: ({ field }) => field,
  }

  it('judges the fields before the first file', async () => {
    order.length = 0
    const fields = schema.refine(async () => {
      await new Promise(resolve => setTimeout(resolve, 20))
      order.push('judged')
      return true
    })
    await upload(
      [field('title', 'Tour'), FILE, filePart('b', 'b', bytes(3000))],
      { ...options, fields },
      chunk,
    )
    // Zod tries without a promise first.
    expect([...new Set(order)]).toEqual(['judged', 'file', 'b'])
    expect(s3.objects(BUCKET).map(({ size }) => size)).toEqual([3000, 5])
  })

  it('refuses wrong fields before anything of a file is decided', async () => {
    order.length = 0
    const error = await failure(
      [field('title', 'x'), filePart('a', 'a', bytes(9000))],
      { ...options, fields: schema },
      chunk,
    )
    expect(error.code).toBe('INVALID_FIELDS')
    expect(order).toEqual([])
    expect(s3.requests).toEqual([])
  })

  it('refuses a field behind a file', async () => {
    const error = await failure([field('title', 'Tour'), FILE, field('late', '1')], options, chunk)
    expect(error).toMatchObject({ code: 'FIELD_AFTER_FILE', status: 400, field: 'late' })
    expectNothingLeft(s3)
  })

  it('lets a field follow a file input without a file', async () => {
    const empty = filePart('photo', '', '')
    const { fields } = await upload([empty, field('title', 'Tour'), FILE], options, chunk)
    expect(fields).toEqual({ title: 'Tour' })
  })

  it('judges a form without files at its end', async () => {
    const error = await failure([field('title', 'x')], { ...options, fields: schema }, chunk)
    expect(error.code).toBe('INVALID_FIELDS')
    const { fields, files } = await upload([field('title', 'Tour')], { ...options, fields: schema }, chunk)
    expect({ fields, files }).toEqual({ fields: { title: 'Tour' }, files: [] })
  })
})
