import { once } from 'node:events'
import { streamToS3 } from 's3-upstream'
import { describe, expect, it } from 'vitest'
import type { StreamToS3Options } from '../../src/options/options.ts'
import { filePart, formBody } from '../support/form-body.ts'
import { incoming } from '../support/incoming.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'

const s3 = await useStorage()
const form = formBody([filePart('a', 'a', 'a')])

const upload = (options: Partial<StreamToS3Options>) =>
  streamToS3(incoming([form]), { bucket: BUCKET, client: s3.oneTry, ...options })

const revoked = Proxy.revocable({}, {})
revoked.revoke()
const getter = {
  get() {
    throw new Error('a getter')
  },
}
const throwing = Object.defineProperties(
  {},
  Object.fromEntries(['message', 'name', 'then', 'toString'].map(name => [name, getter])),
)
const VALUES: [string, unknown][] = [
  ['null', null],
  ['undefined', undefined],
  ['a string', 'router'],
  ['a Symbol', Symbol('s')],
  ['an object whose getters throw', throwing],
  ['a revoked Proxy', revoked.proxy],
]

describe.each(VALUES.map(([name], index) => [name, index] as const))('%s', (_, index) => {
  const value = VALUES[index]?.[1]

  it('as the reason of an aborted signal cancels the upload', async () => {
    const controller = new AbortController()
    const key = () => {
      controller.abort(value)
      return 'a'
    }
    await expect(upload({ key, signal: controller.signal })).rejects.toMatchObject({ code: 'CANCELLED' })
    expectNothingLeft(s3)
    await expect(upload({ signal: AbortSignal.abort(value) })).rejects.toMatchObject({ code: 'CANCELLED' })
  })

  if (typeof value !== 'string') {
    it('as the key is one error, and nothing is stored', async () => {
      const outcome = upload({ key: (() => value) as never })
      await expect(outcome).rejects.toThrow(
        /^The key for field "a" must be a string|a getter$|TypeError: Cannot perform/,
      )
      expectNothingLeft(s3)
    })
  }

  it('as the params is one error', async () => {
    const outcome = upload({ params: (() => value) as never })
    await expect(outcome).rejects.toSatisfy(error => error instanceof Error)
    expectNothingLeft(s3)
  })

  it.each(['throws', 'rejects'])('that onError %s is a warning, and hides no error', async way => {
    const warning = once(process, 'warning')
    const onError = () => {
      if (way === 'throws') throw value
      return Promise.reject(value) as never
    }
    await expect(upload({ accept: 'image/*', onError })).rejects.toMatchObject({ code: 'TYPE_NOT_ACCEPTED' })
    const [{ message }] = await warning
    expect(message).toMatch(/^onError failed: ./)
  })
})

it('a warning about onError has no control characters of the error', async () => {
  const warning = once(process, 'warning')
  const onError = () => {
    throw new Error('a\nFORGED \u001b[31m')
  }
  await expect(upload({ accept: 'image/*', onError })).rejects.toMatchObject({ code: 'TYPE_NOT_ACCEPTED' })
  expect((await warning)[0].message).toBe('onError failed: Error: a\\nFORGED \\u001b[31m')
})

it('a getter of the params that throws fails the upload with its error, named after the hook', async () => {
  const params = () =>
    Object.defineProperty({}, 'Metadata', {
      enumerable: true,
      get: () => {
        throw null
      },
    })
  await expect(upload({ params })).rejects.toThrow('params threw null, not an Error.')
})

it('params that change between two readings are read once', async () => {
  let readings = 0
  const params = () =>
    Object.defineProperty({}, 'CacheControl', {
      enumerable: true,
      get: () => `max-age=${++readings}`,
    })
  await upload({ params })
  expect(s3.objects(BUCKET)[0]?.headers['cache-control']).toBe('max-age=1')
})
