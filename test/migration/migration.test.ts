import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { startS3 } from 's3-upstream/testing'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { after } from '../../examples/migration/after.ts'
import { before } from '../../examples/migration/before.ts'
import { bytes, MB } from '../support/bytes.ts'
import { filePart, formBody } from '../support/form-body.ts'
import { post, type Reply } from '../support/send.ts'
import { PNG } from '../support/tiny-files.ts'

const s3 = await startS3({ buckets: ['before', 'after'] })
const servers: Server[] = []
const urls = { before: '', after: '' }

beforeAll(async () => {
  urls.before = await listen(before(s3.client) as unknown as RequestListener)
  urls.after = await listen(after(s3.client) as unknown as RequestListener)
})
afterEach(() => s3.reset())
afterAll(async () => {
  for (const server of servers) server.closeAllConnections()
  for (const server of servers) server.close()
  await s3.close()
})

async function listen(handler: RequestListener): Promise<string> {
  const server = createServer(handler).listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

type Part = Parameters<typeof formBody>[0][number]

async function postBoth(path: string, parts: Part[]): Promise<{ before: Reply; after: Reply }> {
  const form = formBody(parts)
  return {
    before: await post(urls.before + path, form),
    after: await post(urls.after + path, form),
  }
}

function stored(bucket: string) {
  return s3.objects(bucket).map(({ key, body, type, metadata }) => {
    return { key, body: body.toString('base64'), type, metadata }
  })
}

/** The start of a PNG, with a chunk of image data of this size. */
function picture(size: number): Buffer {
  const data = Buffer.alloc(8 + size + 4)
  data.writeUInt32BE(size)
  data.write('IDAT', 4)
  bytes(size).copy(data, 8)
  return Buffer.concat([Buffer.from(PNG).subarray(0, 33), data])
}

const photo = (field: string, name: string, body: Buffer) => filePart(field, name, body, 'image/png')

describe('both sides store the same bytes', () => {
  it.each<[string, Part[], object]>([
    ['/avatar', [photo('avatar', 'me.png', picture(300_000))], { key: 'avatar/me.png' }],
    [
      '/album',
      [photo('photos', 'a.png', picture(10)), photo('photos', 'b.png', picture(2 * MB))],
      { keys: ['photos/a.png', 'photos/b.png'] },
    ],
    [
      '/profile',
      [photo('avatar', 'me.png', picture(10)), photo('photos', 'b.png', picture(10))],
      { avatar: 'avatar/me.png', photos: ['photos/b.png'] },
    ],
    [
      '/titled',
      [{ name: 'title', body: 'Tour' }, photo('photo', 'a.png', picture(10))],
      { key: 'photo/a.png', title: 'Tour' },
    ],
  ])('%s', async (path, parts, json) => {
    const replies = await postBoth(path, parts)
    expect(replies.before).toMatchObject({ status: 201, json })
    expect(replies.after).toMatchObject({ status: 201, json })
    expect(stored('after').length).toBeGreaterThan(0)
    expect(stored('after')).toEqual(stored('before'))
  })
})

describe('both sides refuse', () => {
  it.each<[string, string, Part[], string]>([
    ['a file that is too large', '/avatar', [photo('avatar', 'me.png', picture(5 * MB))], 'FILE_TOO_LARGE'],
    [
      'too many files in a field',
      '/profile',
      [photo('avatar', 'a.png', picture(10)), photo('avatar', 'b.png', picture(10))],
      'TOO_MANY_FILES',
    ],
    ['a file in another field', '/avatar', [photo('other', 'a.png', picture(10))], 'UNEXPECTED_FILE'],
  ])('%s', async (_, path, parts, code) => {
    const replies = await postBoth(path, parts)
    expect(replies.before.status).toBe(413)
    expect(replies.before.json.code).toMatch(/^LIMIT_/)
    expect([400, 413]).toContain(replies.after.status)
    expect(replies.after.json.code).toBe(code)
    expect(stored('after')).toEqual([])
  })

  it('a title that is too short; with multer-s3, the photo stays', async () => {
    const parts = [{ name: 'title', body: 'x' }, photo('photo', 'a.png', picture(10))]
    const replies = await postBoth('/titled', parts)
    expect(replies.before).toMatchObject({ status: 422, json: { errors: [{ path: 'title' }] } })
    expect(replies.after).toMatchObject({ status: 422, json: { code: 'INVALID_FIELDS', field: 'title' } })
    expect(stored('before')).toHaveLength(1)
    expect(stored('after')).toEqual([])
  })

  it('what is no picture; multer-s3 believes the client', async () => {
    const html = Buffer.from('<script>alert(1)</script>')
    const replies = await postBoth('/avatar', [photo('avatar', 'me.png', html)])
    expect(replies.after).toMatchObject({ status: 415, json: { code: 'TYPE_NOT_ACCEPTED' } })
    expect(stored('after')).toEqual([])
    expect(replies.before.status).toBe(201)
    expect(stored('before')).toHaveLength(1)
  })
})

it('is what docs/migration.md shows', () => {
  const root = join(import.meta.dirname, '../..')
  const read = (file: string) => readFileSync(join(root, file), 'utf8')
  const flat = (code: string) => code.replace(/\s+/g, ' ').trim()
  const examples = flat(read('examples/migration/before.ts') + read('examples/migration/after.ts'))
  const blocks = [...read('docs/migration.md').matchAll(/^```typescript\n(.*?)^```$/gms)].map(
    ([, code = '']) => code,
  )
  expect(blocks.length).toBe(12)
  for (const block of blocks) expect(examples, block).toContain(flat(block))
})
