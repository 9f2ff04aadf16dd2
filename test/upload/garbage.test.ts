import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, it } from 'vitest'
import { resolveOptions } from '../../src/options/resolve-options.ts'
import type { S3ClientLike } from '../../src/shared/types.ts'
import { uploadForm } from '../../src/upload/upload-form.ts'
import { FORM_TYPE, filePart, formBody } from '../support/form-body.ts'

const KB = 1024
const UPLOADS = 160
const form = formBody([filePart('photo', 'photo.png', Buffer.alloc(100 * KB, 1), 'image/png')])

/** Answers at once: a real client leaves garbage of its own, more than this library. */
const client = {
  config: {},
  send: async () => ({ ETag: '"0123456789abcdef"', $metadata: { attempts: 1 } }),
} as unknown as S3ClientLike
const settings = resolveOptions('uploads', { client, memoryBudget: '64MB' })

async function upload() {
  const request = Object.assign(new Readable({ read() {} }), {
    headers: { 'content-type': FORM_TYPE, 'content-length': `${form.length}` },
  })
  request.push(form)
  request.push(null)
  await uploadForm(request, settings)
}

async function uploads() {
  for (let sent = 0; sent < UPLOADS; sent += 8) await Promise.all(Array.from({ length: 8 }, upload))
}

/**
 * Objects that an upload is done with have to die young. What one leaves among the old ones stays, with all that it
 * reaches, until a full collection: an accessor in an object literal and a function assigned to a property do so.
 */
it('an upload leaves nothing that only a full garbage collection frees', async () => {
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as (options?: { type: 'minor' }) => void
  async function heapAfterMinor() {
    for (let round = 0; round < 3; round++) {
      gc({ type: 'minor' })
      await turn()
    }
    return process.memoryUsage().heapUsed
  }
  await uploads()
  const kept: number[] = []
  for (let round = 0; round < 7; round++) {
    gc()
    const before = await heapAfterMinor()
    await uploads()
    kept.push((await heapAfterMinor()) - before)
  }
  const [, , , median = 0] = kept.sort((a, b) => a - b)

  expect(median / UPLOADS).toBeLessThan(8 * KB)
})
