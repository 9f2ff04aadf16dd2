import { describe, expect, it, vi } from 'vitest'
import { definesResponse, problemResponse, resultResponse } from '../../src/http/response.ts'
import { UploadError } from '../../src/shared/errors.ts'

describe('resultResponse', () => {
  it('has status 201 and the result', () => {
    const fields = Object.assign(Object.create(null), { ['__proto__']: 'x' })
    const response = resultResponse({ files: [], fields }, undefined)
    expect(response.status).toBe(201)
    expect(response.headers).toEqual({
      'Content-Type': 'application/json',
      'X-Content-Type-Options': 'nosniff',
    })
    expect(response.body).toBe('{"files":[],"fields":{"__proto__":"x"}}')
  })
})

describe('the value that onStored returns', () => {
  const result = { files: [], fields: {} }

  it.each([
    [{ id: 1 }, '{"id":1}'],
    [null, 'null'],
    [0, '0'],
    ['', '""'],
    [[], '[]'],
    [undefined, '{"files":[],"fields":{}}'],
  ])('%j becomes the body', (value, body) => {
    expect(resultResponse(result, value)).toMatchObject({ status: 201, body })
  })

  const circle: Record<string, unknown> = {}
  circle.self = circle
  it.each<[string, unknown]>([
    ['a BigInt', { id: 1n }],
    ['a circle', circle],
    ['a function', () => {}],
    ['a Symbol', Symbol('s')],
    [
      'toJSON that throws',
      {
        toJSON() {
          throw new Error('no')
        },
      },
    ],
  ])('%s leaves the default body, with a warning', (_, value) => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    expect(resultResponse(result, value)).toMatchObject({ status: 201, body: JSON.stringify(result) })
    expect(warn.mock.calls).toEqual([
      [expect.stringMatching(/^The value that onStored returned has no JSON/), 's3-upstream'],
    ])
    warn.mockRestore()
  })

  it('leaves the files if the fields have no JSON form', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    const fields = { id: 1n } as unknown as Record<string, string>
    expect(resultResponse({ files: [], fields }, undefined).body).toBe('{"files":[]}')
    expect(warn).toHaveBeenCalledTimes(1)
    warn.mockRestore()
  })
})

describe('problemResponse', () => {
  it('has problem details and the headers of the error', () => {
    const error = new UploadError('NOT_MULTIPART', 'why', { allowed: ['a'], headers: { Accept: 'a' } })
    const response = problemResponse(error)
    expect(response.headers).toEqual({
      Accept: 'a',
      'Content-Type': 'application/problem+json',
      'X-Content-Type-Options': 'nosniff',
    })
    expect(JSON.parse(response.body)).toEqual({
      type: 'about:blank',
      title: 'Not a multipart form',
      status: 415,
      code: 'NOT_MULTIPART',
      detail: 'why',
      allowed: ['a'],
    })
  })

  it('keeps its own Content-Type and leaves the headers of the error unchanged', () => {
    const headers = { 'Content-Type': 'text/html' }
    const error = new UploadError('REFUSED', 'why', { headers })
    expect(problemResponse(error).headers).toMatchObject({ 'Content-Type': 'application/problem+json' })
    expect(headers).toEqual({ 'Content-Type': 'text/html' })
  })

  it.each([
    ['statusCode', Object.assign(new Error('no'), { statusCode: 403 }), 403, 'Forbidden', 'no'],
    ['status', Object.assign(new Error('no'), { status: 409 }), 409, 'Conflict', 'no'],
    [
      'expose: false',
      Object.assign(new Error('no'), { statusCode: 403, expose: false }),
      403,
      'Forbidden',
      undefined,
    ],
    ['no status', new TypeError('x is not a function'), 500, 'Internal Server Error', undefined],
    [
      'a status that is no error status',
      Object.assign(new Error('no'), { statusCode: 200 }),
      500,
      'Internal Server Error',
      undefined,
    ],
    ['no error at all', undefined, 500, 'Internal Server Error', undefined],
  ])('reads what a hook threw: %s', (_, error, status, title, detail) => {
    const response = problemResponse(error)
    expect(response.status).toBe(status)
    expect(JSON.parse(response.body)).toEqual({
      type: 'about:blank',
      title,
      status,
      ...(detail && { detail }),
    })
  })
})

describe('definesResponse', () => {
  it.each([
    ['a 5xx UploadError', new UploadError('STORAGE_FAILED', ''), true],
    ['a 4xx status', Object.assign(new Error('no'), { status: 403 }), true],
    ['a 5xx status', Object.assign(new Error('no'), { status: 503 }), false],
    ['no status', new TypeError('x is not a function'), false],
    ['no error at all', undefined, false],
  ])('tells a response from a bug: %s', (_, error, expected) => {
    expect(definesResponse(error)).toBe(expected)
  })
})
