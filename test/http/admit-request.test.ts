import { describe, expect, it } from 'vitest'
import { admitRequest } from '../../src/http/admit-request.ts'
import { resolveOptions } from '../../src/options/resolve-options.ts'
import { exchange, nextId, requestHead } from '../hostile/wire.ts'
import { BOUNDARY, filePart, formBody } from '../support/form-body.ts'
import { incoming } from '../support/incoming.ts'
import { routes, useRunningRoutes } from '../support/routes.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'

const s3 = await useStorage()
const running = useRunningRoutes()
const LIMITS = resolveOptions('b', { maxFileSize: 10, maxFiles: 1, maxFields: 0 })

describe('admitRequest', () => {
  it.each([
    ['12', 12],
    ['0', 0],
    [undefined, undefined],
    ['-1', undefined],
    ['1e3', undefined],
  ])('reads Content-Length %s as %s', (length, declaredLength) => {
    const request = incoming([], { 'content-length': length })
    expect(admitRequest(request, LIMITS)).toEqual({
      error: undefined,
      ownsBody: true,
      body: request,
      boundary: BOUNDARY,
      declaredLength,
    })
  })

  it('claims the body for one upload only', () => {
    const request = incoming([])
    admitRequest(request, LIMITS)
    expect(admitRequest(request, LIMITS)).toMatchObject({
      error: { code: 'BODY_ALREADY_READ' },
      ownsBody: false,
    })
  })

  it('does not claim the body of a request that is no form', () => {
    const request = incoming([], { 'content-type': 'text/plain' })
    const refused = { error: { code: 'NOT_MULTIPART' }, ownsBody: true }
    expect(admitRequest(request, LIMITS)).toMatchObject(refused)
    expect(admitRequest(request, LIMITS)).toMatchObject(refused)
  })

  it('refuses a request that is no form with 415 even if its body has been read', async () => {
    const request = incoming([Buffer.from('x')], { 'content-type': 'text/plain' })
    await request.toArray()
    expect(admitRequest(request, LIMITS)).toMatchObject({
      error: { code: 'NOT_MULTIPART' },
      ownsBody: false,
    })
  })

  it.each([
    [
      'a body that other code reads',
      (request: ReturnType<typeof incoming>) => void request.on('readable', () => {}),
    ],
    ['a body decoded to strings', (request: ReturnType<typeof incoming>) => void request.setEncoding('utf8')],
  ])('refuses %s with 500, and must not drain it', (_, prepare) => {
    const request = incoming([])
    prepare(request)
    expect(admitRequest(request, LIMITS)).toMatchObject({
      error: { code: 'BODY_ALREADY_READ', status: 500 },
      ownsBody: false,
    })
  })

  it.each([
    ['compressed', { 'content-encoding': 'gzip' }, 'UNSUPPORTED_ENCODING'],
    ['too long', { 'content-length': '1000000' }, 'REQUEST_TOO_LARGE'],
  ])('refuses a %s request and owns its body', (_, headers, code) => {
    expect(admitRequest(incoming([], headers), LIMITS)).toMatchObject({ error: { code }, ownsBody: true })
  })

  it.each([
    'multipart/form-data;boundary=b',
    'Multipart/Form-Data ; BOUNDARY=b',
    'multipart/form-data; charset=utf-8; boundary=b',
    'multipart/form-data; charset="; boundary="; boundary=b',
    'multipart/form-data; boundary="b c"',
  ])('finds the boundary in %s', contentType => {
    expect(admitRequest(incoming([], { 'content-type': contentType }), LIMITS).error).toBeUndefined()
  })

  it.each([
    'multipart/form-data',
    'multipart/form-data; boundary',
    'multipart/form-data; boundary=',
    'multipart/form-data; boundary=""; boundary=b',
    'multipart/form-data; x-boundary=b',
    'multipart/form-data; charset="; boundary=b"',
  ])('refuses %s, which has no boundary', contentType => {
    expect(admitRequest(incoming([], { 'content-type': contentType }), LIMITS).error).toMatchObject({
      code: 'MISSING_BOUNDARY',
      status: 400,
    })
  })
})

describe.each(routes)('$name', kind => {
  async function send(parameters: string, boundary: string) {
    const route = await kind.open({ bucket: BUCKET, client: s3.oneTry, onError: () => {} })
    running.push(route)
    const body = Buffer.from(
      formBody([filePart('a', 'a.txt', 'hello')])
        .toString('latin1')
        .replaceAll(BOUNDARY, () => boundary),
      'latin1',
    )
    const headers = {
      'Content-Type': `multipart/form-data; ${parameters}`,
      'Content-Length': body.length,
      Connection: 'close',
    }
    return exchange(route.url, [requestHead(nextId(), headers), body])
  }

  const token = 'b'.repeat(256)
  const quotable = `${'b '.repeat(100)}${'"'.repeat(56)}`

  it.each([
    ['a token', `boundary=${token}`, token],
    ['a quoted string', `boundary="${token}"`, token],
    ['a quoted string with escapes', `boundary="${quotable.replaceAll('"', '\\"')}"`, quotable],
  ])('accepts a boundary of 256 bytes: %s', async (_, parameters, boundary) => {
    expect(await send(parameters, boundary)).toMatchObject({ status: 201, json: { files: [{ size: 5 }] } })
    expect(s3.objects(BUCKET).map(({ body }) => body.toString())).toEqual(['hello'])
  })

  it.each([
    ['a token', `boundary=${token}b`, `${token}b`],
    ['a quoted string', `boundary="${token}b"`, `${token}b`],
    ['after a decoy', `x="; boundary=b"; boundary=${token}b`, `${token}b`],
  ])('refuses a boundary of 257 bytes with 400: %s', async (_, parameters, boundary) => {
    expect(await send(parameters, boundary)).toMatchObject({
      status: 400,
      json: {
        code: 'MISSING_BOUNDARY',
        detail: 'The boundary in the Content-Type header has 257 bytes; the limit is 256.',
        limit: 256,
      },
    })
    expectNothingLeft(s3)
    expect(s3.requests).toEqual([])
  })
})
