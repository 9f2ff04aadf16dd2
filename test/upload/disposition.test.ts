import { parse } from 'content-disposition'
import { describe, expect, it } from 'vitest'
import type { S3UploadOptions } from '../../src/options/options.ts'
import { dispositionOf } from '../../src/policy/disposition.ts'
import { bytes, MB } from '../support/bytes.ts'
import { filePart, formBody } from '../support/form-body.ts'
import { type RouteKind, routes, useRunningRoutes } from '../support/routes.ts'
import { post } from '../support/send.ts'
import { BUCKET, useStorage } from '../support/storage.ts'
import { HTML, PNG } from '../support/tiny-files.ts'
import { uploaders } from '../support/uploaders.ts'

const s3 = await useStorage()
const running = useRunningRoutes()
const http = routes.find(({ name }) => name === 'node:http') as RouteKind

const ACTIVE = ['text/html', 'application/xhtml+xml', 'image/svg+xml', 'application/xml', 'text/javascript']

describe.each(uploaders)('the ContentDisposition, with the $name', ({ uploader }) => {
  /** Returns the headers that the only object is stored with. */
  async function store(
    options: Partial<S3UploadOptions>,
    { type, name = 'a', body = Buffer.from('x') }: { type: string; name?: string; body?: Buffer },
  ) {
    s3.reset()
    const route = await http.open({ bucket: BUCKET, client: s3.oneTry, uploader, ...options })
    running.push(route)
    const { status } = await post(route.url, formBody([filePart('f', name, body, type)]))
    expect(status).toBe(201)
    const [object] = s3.objects(BUCKET)
    return { type: object?.type, disposition: object?.headers['content-disposition'] }
  }

  it.each([...ACTIVE, 'text/html; charset=utf-8', 'TEXT/HTML'])(
    'is attachment for %s, whether the type is declared or detected',
    async type => {
      expect((await store({}, { type })).disposition).toBe('attachment')
      expect((await store({ disposition: 'inline' }, { type })).disposition).toBe('attachment; filename=a')
      const detected = await store({ detect: true }, { type: 'image/png', body: HTML })
      expect(detected).toEqual({ type: 'text/html', disposition: 'attachment' })
    },
  )

  it('is none for other types', async () => {
    expect((await store({}, { type: 'image/png', body: PNG })).disposition).toBeUndefined()
    expect((await store({}, { type: 'text/plain' })).disposition).toBeUndefined()
  })

  it('is judged by the ContentType that is stored', async () => {
    const html = { params: { ContentType: 'Text/HTML;charset=utf-8' } }
    expect((await store(html, { type: 'image/png' })).disposition).toBe('attachment')
    const plain = { params: async () => ({ ContentType: 'text/plain' }) }
    expect((await store(plain, { type: 'text/html' })).disposition).toBeUndefined()
  })

  it.each(['inline', 'attachment'] as const)('has the name of the file with %s', async disposition => {
    const options = { disposition }
    expect((await store(options, { type: 'image/png', name: 'a b.png' })).disposition).toBe(
      `${disposition}; filename="a b.png"`,
    )
    for (const name of ['фото, größer; 1.png', '100%20.png', '😀.png', 'ä'.repeat(127)]) {
      const { disposition: header = '' } = await store(options, { type: 'image/png', name })
      expect(header).toMatch(/^[\x20-\x7e]+$/)
      expect(parse(header)).toMatchObject({ type: disposition, parameters: { filename: name } })
    }
    const nameless = await store(options, { type: 'image/png', name: '', body: PNG })
    expect(nameless.disposition).toBe(disposition)
  })

  it('of params replaces disposition and the default', async () => {
    const params = { ContentDisposition: 'inline' }
    for (const disposition of [undefined, 'attachment'] as const) {
      expect((await store({ params, disposition }, { type: 'text/html' })).disposition).toBe('inline')
    }
    const byHook = { params: () => ({ ContentDisposition: 'inline; filename=x' }) }
    expect((await store(byHook, { type: 'image/svg+xml' })).disposition).toBe('inline; filename=x')
  })

  it('is stored with files of several S3 parts', async () => {
    const large = { type: 'text/html', body: bytes(5 * MB + 1) }
    expect((await store({}, large)).disposition).toBe('attachment')
  })
})

it('has no character that ends a header or a parameter', () => {
  const names = Array.from({ length: 256 }, (_, code) => `a${String.fromCharCode(code)}b`)
  for (const name of [...names, '\ud800', '\u2028', '"; filename=x.exe', "UTF-8''x"]) {
    const header = dispositionOf('image/png', name, 'inline') ?? ''
    expect(header).toMatch(/^inline; filename\*?=[\x20-\x7e]+$/)
    expect(parse(header).parameters.filename).toBe(name.replace(/\p{Surrogate}/gu, '\ufffd'))
  }
})
