import { EventEmitter, once } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { S3UploadOptions } from '../../src/options/options.ts'
import type { UploadedFile } from '../../src/shared/types.ts'
import { bytes, MB, sha256 } from '../support/bytes.ts'
import { FORM_TYPE, filePart, formBody } from '../support/form-body.ts'
import { combinations, type RunningRoute, useRunningRoutes } from '../support/routes.ts'
import { open, post } from '../support/send.ts'
import { useStore } from '../support/store.ts'
import { pngOf } from '../support/tiny-files.ts'

const store = await useStore()
const { client } = store.connect()
const running = useRunningRoutes()

describe.each(combinations)('$kind.name through the $name', ({ kind, uploader }) => {
  async function start(options: Partial<S3UploadOptions> = {}): Promise<RunningRoute> {
    const route = await kind.open({ bucket: store.bucket, client, uploader, onError: () => {}, ...options })
    running.push(route)
    return route
  }

  it('stores every file of a form byte for byte', async () => {
    const { url } = await start({ prefix: 'in/' })
    const bodies = [Buffer.from('1'), bytes(300_000), bytes(12 * MB)]
    const [tiny, photo, film] = bodies as [Buffer, Buffer, Buffer]
    const reply = await post(
      url,
      formBody([
        { name: 'title', body: 'Grüße' },
        { name: 'attachment', filename: '', type: 'application/octet-stream' },
        { name: 'tag', body: 'a' },
        filePart('tiny', 'one.txt', tiny),
        filePart('photo', '写真 %22夏%22.jpg', photo, 'image/jpeg'),
        filePart('film', 'film.mp4', film, 'video/mp4'),
      ]),
    )

    expect(reply).toMatchObject({
      status: 201,
      json: {
        fields: { title: 'Grüße', tag: 'a' },
        files: [
          { field: 'tiny', filename: 'one.txt', type: 'text/plain', size: 1 },
          { field: 'photo', filename: '写真 "夏".jpg', type: 'image/jpeg', size: 300_000 },
          { field: 'film', filename: 'film.mp4', type: 'video/mp4', size: 12 * MB },
        ],
      },
    })
    for (const [index, { key, etag, type, size }] of (reply.json.files as UploadedFile[]).entries()) {
      expect(key).toMatch(/^in\/[0-9a-f-]{36}\.(txt|jpg|mp4)$/)
      const object = await store.read(key)
      expect(object).toMatchObject({ ContentLength: size, ContentType: type, ETag: `"${etag}"` })
      expect(sha256(object.body)).toBe(sha256(bodies[index] as Buffer))
    }
    expect(await store.versions()).toHaveLength(3)
    expect(await store.uploads()).toEqual([])
  })

  const small = filePart('a', 'a.txt', 'fine')
  const eleven = Array.from({ length: 11 }, (_, n) => filePart(`f${n}`, `f${n}.txt`, 'x'))

  it.each([
    {
      what: 'a small file one byte over the limit',
      options: { maxFileSize: 1000 },
      form: formBody([small, filePart('b', 'b.bin', bytes(1001))]),
      problem: { status: 413, code: 'FILE_TOO_LARGE' },
    },
    {
      what: 'a file of several S3 parts one byte over the limit',
      options: { maxFileSize: 11 * MB },
      form: formBody([small, filePart('b', 'b.bin', bytes(11 * MB + 1))]),
      problem: { status: 413, code: 'FILE_TOO_LARGE' },
    },
    {
      what: 'a form that ends before its last boundary',
      options: {},
      form: formBody([small, filePart('b', 'b.bin', bytes(11 * MB))], ''),
      problem: { status: 400, code: 'TRUNCATED_BODY' },
    },
    {
      what: 'a type that is not accepted',
      options: { accept: 'image/*' },
      form: formBody([filePart('a', 'a.png', pngOf(6 * MB), 'image/png'), filePart('b', 'b.html', 'h')]),
      problem: { status: 415, code: 'TYPE_NOT_ACCEPTED' },
    },
    {
      what: 'an eleventh file',
      options: {},
      form: formBody(eleven),
      problem: { status: 413, code: 'TOO_MANY_FILES' },
    },
  ])('refuses $what, and leaves nothing', async ({ options, form, problem }) => {
    const { url } = await start(options)
    const reply = await post(url, form)
    expect(reply).toMatchObject({ status: problem.status, json: problem })
    await store.expectNothingLeft()
  })

  it.each([1000, 11 * MB])('stores a file of exactly the limit: %i bytes', async limit => {
    const { url } = await start({ maxFileSize: limit })
    const reply = await post(url, formBody([filePart('b', 'b.bin', bytes(limit))]))
    expect(reply).toMatchObject({ status: 201, json: { files: [{ size: limit }] } })
    expect(await store.read(reply.json.files[0].key)).toMatchObject({ ContentLength: limit })
  })

  it('leaves nothing when the client goes away in the middle of a file', async () => {
    const events = new EventEmitter()
    const stored = once(events, 'stored')
    const failed = once(events, 'failed')
    const { url } = await start({
      onProgress: progress => progress.stored > 0 && events.emit('stored'),
      onError: error => events.emit('failed', error),
    })
    const client = open(url, { 'content-type': FORM_TYPE, 'transfer-encoding': 'chunked' })
    client.write(formBody([small, filePart('b', 'b', bytes(7 * MB))], ''))
    await stored
    expect(await store.uploads()).toHaveLength(1)
    client.destroy()
    expect(await failed).toMatchObject([{ code: 'ABORTED', leftovers: [] }])
    await store.expectNothingLeft()

    expect(await post(url, formBody([small]))).toMatchObject({ status: 201 })
    expect(await store.versions()).toHaveLength(1)
  })
})
