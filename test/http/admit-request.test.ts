import { describe, expect, it } from 'vitest'
import { admitRequest } from '../../src/http/admit-request.ts'
import { resolveOptions } from '../../src/options/resolve-options.ts'
import { incoming } from '../support/incoming.ts'

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
    expect(admitRequest(request, LIMITS)).toEqual({ error: undefined, ownsBody: true, declaredLength })
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
    ['a body that other code reads', (request: ReturnType<typeof incoming>) => void request.resume()],
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
})
