import { afterEach, expect, it, vi } from 'vitest'
import { detectType } from '../../src/content/detect-type.ts'
import type { IncomingFile } from '../../src/shared/types.ts'
import { JPEG, PNG } from '../support/type-bytes.ts'

const FILE: IncomingFile = { field: 'f', filename: 'a', type: 'text/plain' }

const loading = vi.hoisted(() => ({ fails: true, loads: 0, throws: false }))

vi.mock('file-type', async importOriginal => {
  loading.loads += 1
  if (loading.fails) throw new Error('file-type is not installed')
  const original = await importOriginal<typeof import('file-type')>()
  return {
    fileTypeFromBuffer(head: Uint8Array) {
      if (loading.throws) throw new RangeError('Offset is outside the bounds')
      return original.fileTypeFromBuffer(head)
    },
  }
})

afterEach(() => {
  loading.throws = false
})

it('loads file-type when the first bytes need it, and again after a failure', async () => {
  expect((await detectType(PNG, true, FILE)).type).toBe('image/png')
  expect((await detectType(Buffer.from('text'), true, FILE)).type).toBe('text/plain')
  expect(loading.loads).toBe(0)
  await expect(detectType(JPEG, true, FILE)).rejects.toThrow()
  loading.fails = false
  expect((await detectType(JPEG, true, FILE)).type).toBe('image/jpeg')
  expect((await detectType(JPEG, true, FILE)).type).toBe('image/jpeg')
  expect(loading.loads).toBe(2)
})

it('takes bytes for which file-type throws for unknown', async () => {
  loading.throws = true
  expect((await detectType(JPEG, true, FILE)).type).toBeUndefined()
})
