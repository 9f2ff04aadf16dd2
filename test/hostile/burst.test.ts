import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { s3Upload } from 's3-upstream/http'
import { describe, expect, it } from 'vitest'
import type { UploadedFile } from '../../src/shared/types.ts'
import type { Uploader } from '../../src/storage/uploader.ts'
import { bytes, MB, sha256 } from '../support/bytes.ts'
import { filePart, formBody } from '../support/form-body.ts'
import type { Reply } from '../support/send.ts'
import { BUCKET, useStorage } from '../support/storage.ts'
import { until } from '../support/until.ts'
import { uploaders } from '../support/uploaders.ts'
import { expectQuietProcess, watchFailures } from './watch.ts'
import { nextId, onlyReply, openWire, requestHead, watchRequests } from './wire.ts'

const UPLOADS = 300
/** One upload in this many has a file of several S3 parts. */
const LARGE_EVERY = 10
const SMALL_LIMIT = 64 * 1024
const LARGE_LIMIT = 5.5 * MB

const FATES = ['stored', 'refused', 'cut'] as const

interface Upload {
  id: string
  fate: (typeof FATES)[number]
  path: string
  file: Buffer
  body: Buffer
}

const s3 = await useStorage()
expectQuietProcess()

describe.each(uploaders)('through the $name', ({ uploader }) => {
  it(`stores exactly the good ones of ${UPLOADS} uploads at once`, { timeout: 60_000 }, async () => {
    const server = await serve(uploader)
    const uploads = Array.from({ length: UPLOADS }, (_, number) => uploadNumber(number))

    const wires = uploads.map(upload => ({ upload, ...openWire(server.url) }))
    for (const { upload, socket } of wires) {
      socket.write(
        requestHead(upload.id, { 'Content-Length': upload.body.length, Connection: 'close' }, upload.path),
      )
      socket.write(upload.body.subarray(0, 1000))
    }
    // Nobody goes on before all of them are in the middle of their files.
    await until(() => uploads.every(({ id }) => server.requests.get(id)))
    expect(server.requests.connections).toBe(UPLOADS)

    const outcomes = await Promise.all(
      wires.map(async ({ upload: { id, fate, body }, socket, received }) => {
        const failed = server.failures.of(id)
        if (fate === 'cut') {
          const middle = Math.floor(body.length * 0.97)
          socket.write(body.subarray(1000, middle))
          await until(() => (server.requests.get(id)?.socket.bytesRead ?? 0) > middle)
          socket.resetAndDestroy()
          return { error: await failed }
        }
        socket.write(body.subarray(1000))
        return { reply: onlyReply(await received) }
      }),
    )

    const stored = new Map(s3.objects(BUCKET).map(object => [object.key, object]))
    const expected = new Set<string>()
    for (const [index, { fate, file }] of uploads.entries()) {
      const { reply, error } = outcomes[index] as (typeof outcomes)[number]
      if (fate === 'cut') expect(error).toMatchObject({ code: 'ABORTED', leftovers: [] })
      if (fate === 'refused') expect(reply).toMatchObject({ status: 413, json: { code: 'FILE_TOO_LARGE' } })
      if (fate !== 'stored') continue
      expect(reply).toMatchObject({ status: 201, json: { files: [{ size: file.length }] } })
      const { key, etag }: UploadedFile = (reply as Reply).json.files[0]
      expect(stored.get(key)?.etag).toBe(etag)
      expect(sha256(stored.get(key)?.body ?? Buffer.alloc(0))).toBe(sha256(file))
      expected.add(key)
    }
    expect(new Set(stored.keys())).toEqual(expected)
    expect(expected.size).toBe(UPLOADS / FATES.length)
    expect(s3.uploads(BUCKET)).toEqual([])
    await server.close()
  })
})

/** A third of each fate, and of each fate some that are large. */
function uploadNumber(number: number): Upload {
  const fate = FATES[number % FATES.length] as Upload['fate']
  const isLarge = Math.floor(number / FATES.length) % LARGE_EVERY === 0
  const limit = isLarge ? LARGE_LIMIT : SMALL_LIMIT
  const size = fate === 'refused' ? limit + 1 + number : limit - number
  const file = bytes(size, number + 1)
  const body = formBody([{ name: 'number', body: `${number}` }, filePart('file', 'file.bin', file)])
  return { id: nextId(), fate, path: isLarge ? '/large' : '/small', file, body }
}

/** Two routes of one server: one for small files, which are most of them. */
async function serve(uploader: Uploader) {
  const failures = watchFailures()
  const { onError } = failures
  const options = { bucket: BUCKET, client: s3.oneTry, uploader, onError }
  const small = s3Upload({ ...options, maxFileSize: SMALL_LIMIT })
  const large = s3Upload({ ...options, maxFileSize: LARGE_LIMIT })
  const server = createServer((request, response) => {
    void (request.url === '/large' ? large : small)(request, response)
  })
  server.listen({ port: 0, host: '127.0.0.1', backlog: 2 * UPLOADS })
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    failures,
    requests: watchRequests(server),
    async close() {
      server.close()
      await once(server, 'close')
    },
  }
}
