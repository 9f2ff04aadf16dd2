import { once } from 'node:events'
import { describe, expect, it } from 'vitest'
import type { S3UploadOptions } from '../../src/options/options.ts'
import type { OnFileResult, PeekedFile } from '../../src/shared/types.ts'
import { bytes, MB, sha256 } from '../support/bytes.ts'
import { FORM_TYPE, type FormPart, filePart, formBody } from '../support/form-body.ts'
import { slices } from '../support/incoming.ts'
import { type RouteKind, routes, useRunningRoutes } from '../support/routes.ts'
import { open, post, postChunks, replyTo } from '../support/send.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { PNG, pngOf } from '../support/tiny-files.ts'
import { uploaders } from '../support/uploaders.ts'

const s3 = await useStorage()
const running = useRunningRoutes()
const http = routes.find(({ name }) => name === 'node:http') as RouteKind

describe.each(uploaders)('onFile, with the $name', ({ uploader }) => {
  async function start(options: Partial<S3UploadOptions>): Promise<string> {
    const route = await http.open({ bucket: BUCKET, client: s3.oneTry, uploader, onError() {}, ...options })
    running.push(route)
    return route.url
  }

  const send = async (options: Partial<S3UploadOptions>, parts: FormPart[]) =>
    post(await start(options), formBody(parts))

  it.each([1, Number.POSITIVE_INFINITY])(
    'sees the type, the claim and the first bytes, in chunks of %d bytes',
    async chunkSize => {
      const seen: PeekedFile[] = []
      const url = await start({
        detect: true,
        onFile: file => void seen.push(file),
      })
      const sent = [PNG, pngOf(4100), pngOf(9000), Buffer.from('x')]
      const body = formBody([
        filePart('a', 'a.jpg', sent[0] as Buffer, 'image/jpeg'),
        filePart('b', 'b.png', sent[1] as Buffer, 'image/png'),
        filePart('c', 'c.png', sent[2] as Buffer, 'image/png'),
        { name: 'd', filename: 'd', body: sent[3] as Buffer },
      ])
      const chunks = chunkSize === 1 ? slices(body, 1) : [body]
      const { status, json } = await postChunks(url, chunks)
      expect(status).toBe(201)
      expect(seen).toMatchObject([
        { field: 'a', type: 'image/png', declaredType: 'image/jpeg' },
        { field: 'b', type: 'image/png', declaredType: 'image/png' },
        { field: 'c', type: 'image/png', declaredType: 'image/png' },
        { field: 'd', type: 'text/plain' },
      ])
      expect(seen[3]).not.toHaveProperty('declaredType')
      expect(seen.map(({ head }) => head)).toEqual(sent.map(file => file.subarray(0, 4100)))
      expect(json.files.map((file: object) => Object.keys(file))).not.toContain('head')
      expect(json).not.toHaveProperty('skipped')
    },
  )

  it('runs first, before key, params and validate, and sees the declared type without detection', async () => {
    const order: string[] = []
    const see = <Result>(name: string, result: Result) => {
      order.push(name)
      return result
    }
    const { json } = await send(
      {
        onFile: ({ type }) => see(`onFile ${type}`, undefined),
        key: ({ filename }) => see('key', filename),
        params: () => see('params', {}),
        validate: () => see('validate', undefined),
      },
      [filePart('a', 'a.jpg', PNG, 'image/jpeg')],
    )
    expect(order).toEqual(['onFile image/jpeg', 'key', 'params', 'validate'])
    expect(json.files[0]).not.toHaveProperty('declaredType')
  })

  it('cannot change the bytes that are stored', async () => {
    await send({ onFile: ({ head }) => void head.fill(0) }, [filePart('a', 'a.bin', bytes(5000))])
    expect(s3.objects(BUCKET).map(({ body }) => sha256(body))).toEqual([sha256(bytes(5000))])
  })

  it('waits without holding back a byte: what arrives meanwhile is stored', async () => {
    let proceed = () => {}
    const waiting = new Promise<void>(resolve => {
      proceed = resolve
    })
    let begun = () => {}
    const hasBegun = new Promise<void>(resolve => {
      begun = resolve
    })
    const url = await start({
      onFile: async () => {
        begun()
        await waiting
      },
    })
    const content = bytes(6 * MB)
    const body = formBody([filePart('a', 'a.bin', content), { name: 'after', body: 'x' }])
    const client = open(url, { 'content-type': FORM_TYPE, 'transfer-encoding': 'chunked' })
    const reply = replyTo(client)
    client.write(body.subarray(0, 5000))
    await hasBegun
    for (const chunk of slices(body.subarray(5000, 200_000), 1000)) client.write(chunk)
    client.write(body.subarray(200_000), () => {})
    setImmediate(proceed)
    if (client.writableNeedDrain) await once(client, 'drain')
    client.end()
    expect(await reply).toMatchObject({ status: 201, json: { fields: { after: 'x' } } })
    expect(s3.objects(BUCKET).map(object => sha256(object.body))).toEqual([sha256(content)])
  })

  it('sees the fields before its file only, also if the whole file is in the head', async () => {
    const seen: object[] = []
    const onFile: S3UploadOptions['onFile'] = async (_, { fields }) => {
      await new Promise(resolve => setImmediate(resolve))
      seen.push(Object.assign({}, fields))
    }
    await send({ onFile }, [
      { name: 'before', body: '1' },
      filePart('a', 'a', 'tiny'),
      { name: 'between', body: '2' },
      filePart('b', 'b', ''),
      { name: 'after', body: '3' },
    ])
    expect(seen).toEqual([{ before: '1' }, { before: '1', between: '2' }])
  })

  describe('that skips a file', () => {
    const skipText: S3UploadOptions['onFile'] = async ({ field }) => ({ skip: field === 'skip' })

    it('stores the others and lists it, also for validate', async () => {
      const seen: unknown[] = []
      const { status, json } = await send({ onFile: skipText, validate: form => void seen.push(form) }, [
        filePart('a', 'a.txt', 'a'),
        filePart('skip', 'large.bin', bytes(6 * MB), 'application/octet-stream'),
        filePart('b', 'b.txt', 'b'),
        filePart('skip', 'empty.txt', ''),
      ])
      const skipped = [
        { field: 'skip', filename: 'large.bin', type: 'application/octet-stream' },
        { field: 'skip', filename: 'empty.txt', type: 'text/plain' },
      ]
      expect([status, json.skipped]).toEqual([201, skipped])
      expect(json.files.map(({ field }: { field: string }) => field)).toEqual(['a', 'b'])
      expect(seen).toMatchObject([{ files: [{ field: 'a' }, { field: 'b' }], skipped }])
      expect(s3.requests.map(({ operation }) => operation)).toEqual(['PutObject', 'PutObject'])
      expect(json.skipped).toHaveLength(2)
    })

    it.each<[string, Partial<S3UploadOptions>, object]>([
      ['maxFileSize', { maxFileSize: 1000 }, { code: 'FILE_TOO_LARGE', field: 'skip' }],
      ['maxTotalSize', { maxTotalSize: 1000 }, { code: 'TOTAL_TOO_LARGE', field: 'skip' }],
      ['maxFiles', { maxFiles: 1 }, { code: 'TOO_MANY_FILES', field: 'skip' }],
      ['required', { files: { a: {}, skip: { required: true } } }, { code: 'MISSING_FILE', field: 'skip' }],
      ['maxCount', { files: { a: {}, skip: { maxCount: 1 } } }, { code: 'TOO_MANY_FILES', field: 'skip' }],
    ])('still counts it for %s', async (name, options, problem) => {
      const twice = name === 'maxCount' ? [filePart('skip', 's', 'x')] : []
      const parts = [filePart('a', 'a', 'a'), ...twice, filePart('skip', 's', bytes(2000))]
      const { json } = await send({ onFile: skipText, ...options }, parts)
      expect(json).toMatchObject(problem)
      expectNothingLeft(s3)
    })

    it('does not run the other hooks for it', async () => {
      const keys: string[] = []
      const key: S3UploadOptions['key'] = ({ field }) => {
        keys.push(field)
        return field
      }
      await send({ onFile: skipText, key }, [filePart('a', 'a', 'a'), filePart('skip', 's', 's')])
      expect(keys).toEqual(['a'])
    })
  })

  it.each([
    ['throws', () => Promise.reject(new Error('No cats.'))],
    ['throws at once', () => refuse('No cats.')],
  ])('refuses the upload if it %s', async (_, onFile) => {
    const { status, json } = await send({ onFile }, [filePart('a', 'a', bytes(6 * MB))])
    expect([status, json]).toMatchObject([422, { code: 'REFUSED', detail: 'No cats.' }])
    expect(s3.requests).toEqual([])
  })

  it.each([null, true, false, 'skip', {}, { skip: 'yes' }, { Skip: true }, []])(
    'fails with 500 if it returns %j',
    async result => {
      const errors: unknown[] = []
      const { status } = await send(
        { onFile: () => result as unknown as OnFileResult, onError: error => errors.push(error) },
        [filePart('a', 'a', 'a')],
      )
      expect(status).toBe(500)
      expect(errors).toMatchObject([
        { code: 'HOOK_FAILED', cause: { message: expect.stringMatching(/^onFile must return/) } },
      ])
      expect(s3.requests).toEqual([])
    },
  )

  it('does not wait for a hook that never settles once the client is gone', async () => {
    const failed = new Promise<unknown>(resolve => {
      start({ onFile: () => new Promise<never>(() => client?.destroy()), onError: resolve }).then(url => {
        client = open(url, { 'content-type': FORM_TYPE, 'transfer-encoding': 'chunked' })
        client.write(formBody([filePart('a', 'a', bytes(10_000))]))
      })
    })
    let client: ReturnType<typeof open> | undefined
    expect(await failed).toMatchObject({ code: 'ABORTED', leftovers: [] })
    expectNothingLeft(s3)
  })
})

function refuse(message: string): never {
  throw new Error(message)
}
