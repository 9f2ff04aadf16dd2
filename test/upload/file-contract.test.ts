import { describe, expect, it } from 'vitest'
import type { S3UploadOptions } from '../../src/options/options.ts'
import { bytes, MB } from '../support/bytes.ts'
import { type FormPart, filePart, formBody } from '../support/form-body.ts'
import { slices } from '../support/incoming.ts'
import { type RouteKind, routes, useRunningRoutes } from '../support/routes.ts'
import { post, postChunks } from '../support/send.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { HTML, PNG, pngOf } from '../support/tiny-files.ts'
import { uploaders } from '../support/uploaders.ts'

const s3 = await useStorage()
const running = useRunningRoutes()
const http = routes.find(({ name }) => name === 'node:http') as RouteKind

const png = (field: string, body: Buffer = PNG) => filePart(field, `${field}.png`, body, 'image/png')
const text = (field: string, body: string | Buffer = 'text') => filePart(field, `${field}.txt`, body)
const noFile = (name: string): FormPart => ({ name, filename: '', type: 'application/octet-stream' })

describe.each(uploaders)('a contract, with the $name', ({ uploader }) => {
  async function send(options: Partial<S3UploadOptions>, parts: FormPart[], chunkSize = Infinity) {
    const route = await http.open({ bucket: BUCKET, client: s3.oneTry, uploader, ...options })
    running.push(route)
    const body = formBody(parts)
    return chunkSize === Infinity ? post(route.url, body) : postChunks(route.url, slices(body, chunkSize))
  }

  async function refuse(options: Partial<S3UploadOptions>, parts: FormPart[], problem: object) {
    for (const chunkSize of [Infinity, 7]) {
      const reply = await send(options, parts, chunkSize)
      expect(reply.json).toMatchObject(problem)
      expect(reply.json).toMatchObject({ status: reply.status })
      expectNothingLeft(s3)
    }
  }

  const files = {
    avatar: { required: true, maxCount: 1, maxFileSize: '1KB', accept: 'image/*' },
    docs: { minCount: 0, maxCount: 2, accept: ['text/plain'] },
  } as const

  it('stores what it allows, under the rules of each field', async () => {
    const { status, json } = await send(
      {
        prefix: 'route/',
        params: { CacheControl: 'no-store' },
        files: {
          avatar: { ...files.avatar, prefix: 'avatars/', key: ({ filename }) => filename },
          docs: { ...files.docs, params: { Metadata: { kind: 'doc' } } },
        },
      },
      [png('avatar'), text('docs'), text('docs', 'more')],
    )
    expect(status).toBe(201)
    expect(json.files.map(({ field, key }: Record<string, string>) => [field, key])).toEqual([
      ['avatar', 'avatars/avatar.png'],
      ['docs', expect.stringMatching(/^route\/[\w-]{36}\.txt$/)],
      ['docs', expect.stringMatching(/^route\/[\w-]{36}\.txt$/)],
    ])
    const [avatar, ...docs] = s3.objects(BUCKET).sort((a, b) => a.key.localeCompare(b.key))
    expect(avatar).toMatchObject({
      type: 'image/png',
      metadata: {},
      headers: { 'cache-control': 'no-store' },
    })
    for (const doc of docs) {
      // `params` of a field replace those of the route.
      expect(doc).toMatchObject({ type: 'text/plain', metadata: { kind: 'doc' } })
      expect(doc.headers).not.toHaveProperty('cache-control')
    }
  })

  it('refuses a file in another field, and names those that take files', () =>
    refuse({ files }, [png('avatar'), text('other')], {
      status: 400,
      code: 'UNEXPECTED_FILE',
      field: 'other',
      filename: 'other.txt',
      allowed: ['avatar', 'docs'],
    }))

  it('refuses every file if no field takes files', () =>
    refuse({ files: {} }, [text('other')], { code: 'UNEXPECTED_FILE', allowed: [] }))

  it('refuses a form without a required file, and leaves none of the others', () =>
    refuse({ files }, [text('docs', bytes(100).toString('hex')), text('docs')], {
      status: 400,
      code: 'MISSING_FILE',
      field: 'avatar',
    }))

  it('does not take an input without a file for the required one, nor for an unexpected one', async () => {
    await refuse({ files }, [noFile('avatar'), text('docs')], { code: 'MISSING_FILE', field: 'avatar' })
    const { status } = await send({ files }, [png('avatar'), noFile('docs'), noFile('other')])
    expect(status).toBe(201)
  })

  it('refuses fewer files than minCount', async () => {
    const rules = { files: { docs: { minCount: 2 } } }
    await refuse(rules, [text('docs')], { status: 400, code: 'TOO_FEW_FILES', field: 'docs', limit: 2 })
    await refuse(rules, [], { status: 400, code: 'MISSING_FILE', field: 'docs', limit: 2 })
    expect((await send(rules, [text('docs'), text('docs')])).status).toBe(201)
  })

  it('refuses more files than maxCount, with 413 and the field', () =>
    refuse({ files }, [png('avatar'), png('avatar')], {
      status: 413,
      code: 'TOO_MANY_FILES',
      field: 'avatar',
      limit: 1,
      detail: 'Field "avatar" has more than 1 file.',
    }))

  it('judges each field by its own types, and others by those of the route', async () => {
    await refuse({ files }, [text('avatar')], { status: 415, code: 'TYPE_NOT_ACCEPTED', field: 'avatar' })
    const byRoute = { accept: 'image/*', files: { a: {}, b: { accept: 'text/plain' } } }
    await refuse(byRoute, [text('a')], { code: 'TYPE_NOT_ACCEPTED', allowed: ['image/*'] })
    expect((await send(byRoute, [png('a'), text('b')])).status).toBe(201)
  })

  it('takes a field called __proto__, or with brackets, for a field like others', async () => {
    const rules = JSON.parse('{"__proto__": {"maxCount": 1}, "photos[]": {"minCount": 2}, "constructor": {}}')
    const { status, json } = await send({ files: rules }, [
      text('__proto__'),
      text('photos[]'),
      text('photos[]'),
    ])
    expect([status, json.files.length]).toEqual([201, 3])
    s3.reset()
    await refuse({ files: rules }, [text('__proto__'), text('__proto__')], { code: 'TOO_MANY_FILES' })
    await refuse({ files: rules }, [text('photos')], { code: 'UNEXPECTED_FILE' })
    await refuse({ files: { a: {} } }, [text('__proto__')], { code: 'UNEXPECTED_FILE' })
    await refuse({ files: { a: {} } }, [text('toString')], { code: 'UNEXPECTED_FILE' })
  })

  describe('sizes', () => {
    const bySize = {
      maxFileSize: 3000,
      accept: '*/*',
      files: {
        plain: {},
        small: { maxFileSize: 2000 },
        large: { maxFileSize: 4000 },
        typed: { maxFileSize: 10, accept: { 'image/*': 5000, 'image/png': 6000, 'text/plain': 100 } },
      },
    }

    it.each([
      ['plain', 3000],
      ['small', 2000],
      ['large', 4000],
      ['typed', 6000],
    ])('of %s are limited to %i bytes', async (field, limit) => {
      const { status, json } = await send(bySize, [png(field, pngOf(limit))], 1000)
      expect([status, json.files?.[0].size]).toEqual([201, limit])
      s3.reset()
      await refuse(bySize, [png(field, pngOf(limit + 1))], {
        status: 413,
        code: 'FILE_TOO_LARGE',
        field,
        limit,
      })
    })

    it('of another type are limited by that type', () =>
      refuse(bySize, [text('typed', 'a'.repeat(101))], { code: 'FILE_TOO_LARGE', limit: 100 }))

    it('of a whole form follow from the fields', async () => {
      const rules = {
        files: { a: { maxCount: 2, maxFileSize: 10 * MB }, b: { maxCount: 1, maxFileSize: MB } },
      }
      const form = [text('a', bytes(6 * MB)), text('b', bytes(MB)), text('a', bytes(6 * MB))]
      expect((await send(rules, form)).status).toBe(201)
      s3.reset()
      const reply = await send(rules, [text('a', bytes(25 * MB))])
      expect(reply.json).toMatchObject({ code: 'REQUEST_TOO_LARGE', limit: 21 * MB })
    })

    it('below the minimum are refused, with S3 parts or without', async () => {
      const rules = { minFileSize: 10, files: { a: {}, b: { minFileSize: 6 * MB } } }
      await refuse(rules, [text('a', '123456789')], { status: 400, code: 'FILE_TOO_SMALL', limit: 10 })
      expect((await send(rules, [text('a', '1234567890')])).status).toBe(201)
      s3.reset()
      const reply = await send(rules, [text('b', bytes(6 * MB - 1))])
      expect(reply.json).toMatchObject({ code: 'FILE_TOO_SMALL', field: 'b', limit: 6 * MB })
      expectNothingLeft(s3)
    })

    it('of nothing are refused with allowEmpty: false, and stored without it', async () => {
      const empty = text('a', '')
      const { status, json } = await send({}, [empty])
      expect([status, json.files[0].size]).toEqual([201, 0])
      s3.reset()
      const problem = { status: 400, code: 'EMPTY_FILE', field: 'a', filename: 'a.txt' }
      await refuse({ allowEmpty: false }, [empty], problem)
      await refuse({ allowEmpty: false, accept: 'image/*' }, [empty], problem)
      await refuse({ files: { a: { allowEmpty: false } } }, [empty], problem)
      await refuse({ minFileSize: 1 }, [empty], { code: 'FILE_TOO_SMALL' })
      const lenient = { allowEmpty: false, files: { a: { allowEmpty: true } } }
      expect((await send(lenient, [empty])).status).toBe(201)
      expect((await send({ allowEmpty: false }, [text('a', '1'), noFile('b')])).status).toBe(201)
    })
  })

  it('refuses before a hook runs and before S3 receives a request', async () => {
    const called: string[] = []
    const see = <Result>(name: string, result: Result) => {
      called.push(name)
      return result
    }
    const hooks = {
      onFile: () => see('onFile', undefined),
      key: () => see('key', 'key'),
      params: () => see('params', {}),
      validate: () => see('validate', undefined),
      ifExists: 'fail',
    } as const
    await refuse({ files, ...hooks }, [filePart('avatar', 'a.png', HTML, 'image/png')], { status: 415 })
    await refuse({ files, ...hooks }, [text('other')], { code: 'UNEXPECTED_FILE' })
    await refuse({ allowEmpty: false, detect: true, ...hooks }, [text('a', '')], { code: 'EMPTY_FILE' })
    expect(called).toEqual([])
    expect(s3.requests).toEqual([])
    await refuse({ files, ...hooks, ifExists: undefined }, [text('docs')], { code: 'MISSING_FILE' })
    expect(called).not.toContain('validate')
  })
})
