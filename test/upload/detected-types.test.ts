import mime from 'mime-types'
import { describe, expect, it } from 'vitest'
import type { FileRules, S3UploadOptions } from '../../src/options/options.ts'
import { bytes, MB, sha256 } from '../support/bytes.ts'
import { type FormPart, filePart, formBody } from '../support/form-body.ts'
import { slices } from '../support/incoming.ts'
import { type RouteKind, routes, useRunningRoutes } from '../support/routes.ts'
import { post, postChunks } from '../support/send.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { HTML, PNG, pngOf } from '../support/tiny-files.ts'
import { CORPUS, LIES } from '../support/type-corpus.ts'
import { uploaders } from '../support/uploaders.ts'

const s3 = await useStorage()
const running = useRunningRoutes()
const http = routes.find(({ name }) => name === 'node:http') as RouteKind

const UNKNOWN = 'application/octet-stream'
const CHUNKS = ['one chunk', 'one-byte chunks'] as const

describe.each(uploaders)('the type of a file, with the $name', ({ uploader }) => {
  async function start(options: Partial<S3UploadOptions>): Promise<string> {
    const route = await http.open({ bucket: BUCKET, client: s3.oneTry, uploader, onError() {}, ...options })
    running.push(route)
    return route.url
  }

  const send = (url: string, body: Buffer, chunks: string) =>
    chunks === 'one chunk' ? post(url, body) : postChunks(url, slices(body, 1))

  interface Case {
    filename: string
    claim: string | undefined
    bytes: Buffer
  }

  const partOf = (name: string, { filename, claim, bytes: body }: Case): FormPart => ({
    name,
    filename,
    body,
    ...(claim !== undefined && { type: claim }),
  })

  describe.each(CHUNKS)('in %s', chunks => {
    it('is detected, accepted by its own name, and stored with the bytes that were sent', async () => {
      const rules = CORPUS.map(({ type }, index): [string, FileRules] => [
        `f${index}`,
        { maxCount: 1, accept: type ?? '*/*' },
      ])
      const url = await start({ files: Object.fromEntries(rules) })
      const form = formBody(CORPUS.map((file, index) => partOf(`f${index}`, file)))
      const { status, json } = await send(url, form, chunks)
      expect([status, json.detail]).toEqual([201, undefined])
      const objects = new Map(s3.objects(BUCKET).map(object => [object.key, object]))
      for (const [index, { name, type = UNKNOWN, claim, bytes: sent, filename }] of CORPUS.entries()) {
        const file = json.files[index]
        const object = objects.get(file.key)
        expect(file, name).toMatchObject({ type, filename, size: sent.length })
        expect(file.declaredType, name).toBe(claim?.split(';', 1)[0]?.toLowerCase())
        expect(object?.type.split(';', 1)[0], name).toBe(type)
        expect(sha256(object?.body as Buffer), name).toBe(sha256(sent))
        const [, extension] = /\.(\w+)$/.exec(file.key) ?? []
        if (extension !== undefined) expect(mime.extensions[type], name).toContain(extension)
      }
    })

    it('that a client lies about is refused with 415, and nothing is stored', async () => {
      const rules = LIES.map(({ accept }, index): [string, FileRules] => [`f${index}`, { accept }])
      const url = await start({ files: Object.fromEntries(rules), maxFieldNameSize: 20 })
      for (const [index, lie] of LIES.entries()) {
        const form = formBody([partOf(`f${index}`, lie)])
        const { status, json } = await send(url, form, chunks)
        expect([lie.name, status, json.code]).toEqual([lie.name, 415, 'TYPE_NOT_ACCEPTED'])
      }
      expect(s3.requests).toEqual([])
      expectNothingLeft(s3)
    })

    it.each<[string, Buffer, string]>([
      ['0 bytes', Buffer.alloc(0), 'text/plain'],
      ['1 byte of text', Buffer.from('a'), 'text/plain'],
      ['1 byte of none', Buffer.from([0x89]), UNKNOWN],
    ])('of %s is decided', async (_, body, type) => {
      const url = await start({ detect: true })
      const form = formBody([filePart('a', 'a.png', body, 'image/png')])
      const { status, json } = await send(url, form, chunks)
      expect([status, json.files[0].type, json.files[0].size]).toEqual([201, type, body.length])
      s3.reset()
      const picky = await start({ accept: 'image/*' })
      expect((await send(picky, form, chunks)).status).toBe(415)
      expectNothingLeft(s3)
    })
  })

  it('that is not accepted is told with the detected and the declared one', async () => {
    const url = await start({ accept: ['image/png', '.pdf'] })
    const { json } = await post(url, formBody([filePart('a', 'a.png', HTML, 'image/png')]))
    expect(json).toMatchObject({ code: 'TYPE_NOT_ACCEPTED', field: 'a', allowed: ['image/png', '.pdf'] })
    expect(json.detail).toMatch(/text\/html.*image\/png.*Accepted types: image\/png, \.pdf/)
  })

  it('is decided by the head of a large file, which is stored in parts', async () => {
    const url = await start({ accept: { 'image/*': '7MB' } })
    const large = pngOf(6 * MB)
    const { status, json } = await post(url, formBody([filePart('a', 'a.gif', large, 'image/gif')]))
    expect([status, json.files[0].type, json.files[0].declaredType]).toEqual([201, 'image/png', 'image/gif'])
    const [object] = s3.objects(BUCKET)
    expect(object?.type).toBe('image/png')
    expect(object?.key).toMatch(/\.png$/)
    expect(sha256(object?.body as Buffer)).toBe(sha256(large))
  })

  it('keeps the parameters of a type only if the file is what the client declares', async () => {
    const url = await start({ detect: true })
    const types = [
      'text/plain; charset=utf-8',
      'text/csv; charset="iso-8859-1"; header=present',
      'text/plain; charset=a b',
      'application/json; charset=utf-8',
      'image/png; charset=utf-8',
      'text/json; charset=iso-8859-1',
    ]
    const form = formBody(types.map((type, index) => filePart('a', `a${index}`, 'text', type)))
    const { json } = await post(url, form)
    const stored = new Map(s3.objects(BUCKET).map(({ key, type }) => [key, type]))
    expect(json.files.map(({ key }: { key: string }) => stored.get(key))).toEqual([
      'text/plain; charset=utf-8',
      'text/csv; charset="iso-8859-1"; header=present',
      'text/plain',
      'application/json; charset=utf-8',
      'text/plain',
      'application/json; charset=iso-8859-1',
    ])
  })

  it('of a file without a filename is detected, and an input without a file stays none', async () => {
    const url = await start({ accept: 'image/*' })
    const form = formBody([
      { name: 'a', filename: '', type: UNKNOWN, body: PNG },
      { name: 'b', filename: '', type: UNKNOWN },
    ])
    const { json } = await post(url, form)
    expect(json.files).toMatchObject([{ field: 'a', type: 'image/png', filename: '' }])
  })

  it('is not looked at without accept and detect: the declared one is stored', async () => {
    const url = await start({})
    const { json } = await post(url, formBody([filePart('a', 'a.png', bytes(5000), 'image/png; x=y')]))
    expect(json.files[0]).toMatchObject({ type: 'image/png' })
    expect(json.files[0]).not.toHaveProperty('declaredType')
    expect(s3.objects(BUCKET)[0]?.type).toBe('image/png; x=y')
  })
})
