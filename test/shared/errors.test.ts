import { describe, expect, it, vi } from 'vitest'
import { answerError, answerResult } from '../../src/http/response.ts'
import { resolveOptions } from '../../src/options/resolve-options.ts'
import { UploadError } from '../../src/shared/errors.ts'

const silent = resolveOptions('b', { onError() {} })

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

  it('matches instanceof across copies of the package, and nothing else does', async () => {
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

describe('the response', () => {
  it('is 201 with the result for a stored form', () => {
    const answer = answerResult({
      files: [],
      fields: Object.assign(Object.create(null), { ['__proto__']: 'x' }),
    })
    expect(answer).toMatchObject({ status: 201, headers: { 'Content-Type': 'application/json' } })
    expect(answer.body).toBe('{"files":[],"fields":{"__proto__":"x"}}')
  })

  it('is problem details with the headers of the error for a rejected form', () => {
    const error = new UploadError('NOT_MULTIPART', 'why', { allowed: ['a'], headers: { Accept: 'a' } })
    const answer = answerError(error, silent)
    expect(answer?.headers).toEqual({ Accept: 'a', 'Content-Type': 'application/problem+json' })
    expect(JSON.parse(answer?.body ?? '')).toEqual({
      type: 'about:blank',
      title: 'Not a multipart form',
      status: 415,
      code: 'NOT_MULTIPART',
      detail: 'why',
      allowed: ['a'],
    })
  })

  it('is omitted for a client that has disconnected', () => {
    expect(answerError(new UploadError('ABORTED', ''), silent)).toBeUndefined()
  })

  it.each([
    ['an error with a status', Object.assign(new Error('no'), { statusCode: 403 }), 403, 'Forbidden', 'no'],
    [
      'an error with a status, as in Koa',
      Object.assign(new Error('no'), { status: 409 }),
      409,
      'Conflict',
      'no',
    ],
    [
      'an error with expose: false',
      Object.assign(new Error('no'), { statusCode: 403, expose: false }),
      403,
      'Forbidden',
      undefined,
    ],
    ['a bug', new TypeError('x is not a function'), 500, 'Internal Server Error', undefined],
    [
      'an error with a status below 400',
      Object.assign(new Error('no'), { statusCode: 200 }),
      500,
      'Internal Server Error',
      undefined,
    ],
    ['a thrown undefined', undefined, 500, 'Internal Server Error', undefined],
  ])('is a problem for an error of a hook: %s', (_, error, status, title, detail) => {
    const answer = answerError(error, silent)
    expect(answer?.status).toBe(status)
    expect(JSON.parse(answer?.body ?? '')).toEqual({
      type: 'about:blank',
      title,
      status,
      ...(detail && { detail }),
    })
  })

  it('prints an error of the server, unless onError is set', () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {})
    try {
      const fault = new UploadError('STORAGE_FAILED', 'PutObject of "a" failed')
      answerError(new UploadError('FILE_TOO_LARGE', ''), resolveOptions('b'))
      answerError(fault, silent)
      expect(print).not.toHaveBeenCalled()
      answerError(fault, resolveOptions('b'))
      expect(print.mock.calls).toEqual([[fault]])
    } finally {
      print.mockRestore()
    }
  })
})
