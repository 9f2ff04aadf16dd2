import { describe, expect, it, vi } from 'vitest'
import { UploadError } from '../../src/shared/errors.ts'

describe('UploadError', () => {
  it('has the properties of http-errors and RFC 9457', () => {
    const cause = new Error('cause')
    const error = new UploadError('FILE_TOO_LARGE', 'a.jpg is larger than 1 MB.', {
      field: 'f',
      limit: 1,
      cause,
    })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'UploadError',
      code: 'FILE_TOO_LARGE',
      status: 413,
      statusCode: 413,
      title: 'File too large',
      message: 'a.jpg is larger than 1 MB.',
      expose: true,
      field: 'f',
      limit: 1,
      cause,
      headers: {},
      leftovers: [],
    })
    expect('filename' in error).toBe(false)
  })

  it('recognises instances across copies of the package, and nothing else', async () => {
    vi.resetModules()
    const copy = await import('../../src/shared/errors.ts')
    expect(copy.UploadError).not.toBe(UploadError)
    expect(new copy.UploadError('ABORTED', '')).toBeInstanceOf(UploadError)
    for (const other of [
      new Error('x'),
      { name: 'UploadError', code: 'ABORTED' },
      null,
      undefined,
      'ABORTED',
    ]) {
      expect(other instanceof UploadError).toBe(false)
    }
  })
})
