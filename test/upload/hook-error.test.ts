import { inspect } from 'node:util'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import { definesResponse, problemResponse } from '../../src/http/response.ts'
import { UploadError } from '../../src/shared/errors.ts'
import { hookError } from '../../src/upload/hook-error.ts'

const withProperties = (properties: object, error: Error = new Error('internal')) =>
  Object.assign(error, properties)
const causedBy = (cause: unknown) => new Error('internal', { cause })
const refused = (code: string, connection: object = {}) => withProperties({ code, ...connection })
const foreign = (code: string) => runInNewContext(code) as Error

/** What the client receives. */
function responseTo(thrown: unknown) {
  const error = hookError('validate', thrown)
  return { error, defined: definesResponse(error), ...JSON.parse(problemResponse(error).body) }
}

class QuotaError extends Error {
  override name = 'QuotaError'
  code?: string
}

class ReadOnlyStatus extends Error {
  get status() {
    return 403
  }
}

function circle(): Error {
  const first = new Error('first')
  first.cause = new Error('second', { cause: first })
  return first
}

describe('refuses the upload', () => {
  it.each<[string, unknown, number, string]>([
    ['an Error', new Error('Too many.'), 422, 'Too many.'],
    ['a subclass without a code', new QuotaError('Too many.'), 422, 'Too many.'],
    ['an Error of another realm', foreign("new Error('Too many.')"), 422, 'Too many.'],
    ['an Error caused by an Error', causedBy(new Error('why')), 422, 'internal'],
    ['an Error with causes in a circle', circle(), 422, 'first'],
    ['an Error whose cause is a string', causedBy('why'), 422, 'internal'],
    ['an Error with code: undefined', withProperties({ code: undefined, response: null }), 422, 'internal'],
    [
      'the issues of a schema, which have codes',
      withProperties({ errors: [{ code: 'too_small' }] }),
      422,
      'internal',
    ],
    ['a name that code set', withProperties({ name: 'TypeError' }), 422, 'internal'],
    ['an AggregateError of refusals', new AggregateError([new Error('a')], 'Both.'), 422, 'Both.'],
    ['a 4xx status', withProperties({ status: 403 }, new Error('Not yours.')), 403, 'Not yours.'],
    ['a 4xx statusCode', withProperties({ statusCode: 429 }, new Error('Later.')), 429, 'Later.'],
    ['a status by a getter', new ReadOnlyStatus('Not yours.'), 403, 'Not yours.'],
    ['a 4xx that is no Error', { status: 403, message: 'Not yours.' }, 403, 'Not yours.'],
    ['an UploadError', new UploadError('FILE_TOO_LARGE', 'Too large.'), 413, 'Too large.'],
    [
      'an UploadError whose cause is an outage',
      new UploadError('REFUSED', 'Try another.', { cause: refused('ECONNREFUSED') }),
      422,
      'Try another.',
    ],
    ['an Error caused by a 4xx UploadError', causedBy(new UploadError('REFUSED', 'no')), 422, 'internal'],
    ['a frozen UploadError', Object.freeze(new UploadError('REFUSED', 'No.')), 422, 'No.'],
    ['a frozen 4xx', Object.freeze(withProperties({ status: 403 })), 403, 'internal'],
    ['several lines, which the client gets unchanged', new Error('a\nb'), 422, 'a\nb'],
  ])('%s', (_, thrown, status, detail) => {
    expect(responseTo(thrown)).toMatchObject({ defined: true, status, detail })
  })

  it.each([{ message: 5 }, { message: undefined }, { message: {} }])(
    'with its 4xx status and no message if that is no string: %o',
    properties => {
      const { status, detail } = responseTo(withProperties({ status: 404, ...properties }))
      expect({ status, detail }).toEqual({ status: 404, detail: 'Not Found' })
    },
  )

  it('keeps an error with a status, and the cause of a REFUSED', () => {
    const forbidden = withProperties({ status: 403 })
    const plain = new Error('no')
    expect(hookError('key', forbidden)).toBe(forbidden)
    expect(hookError('key', plain)).toMatchObject({ code: 'REFUSED', cause: plain })
  })
})

describe('is a fault of the server, whose message the client does not see', () => {
  it.each<[string, unknown]>([
    ['a refused connection', refused('ECONNREFUSED', { errno: -111, syscall: 'connect' })],
    ['a database constraint', refused('23505')],
    ['a missing file', refused('ENOENT')],
    ['errno', withProperties({ errno: -2 })],
    ['syscall', withProperties({ syscall: 'open' })],
    ['an error of the SDK', withProperties({ $metadata: {} })],
    ['a request', withProperties({ request: {} })],
    ['a response', withProperties({ response: { status: 404 } })],
    [
      'a 4xx with a response, as axios throws it',
      withProperties({ status: 404, response: {}, expose: true }),
    ],
    ['a 4xx with a code', withProperties({ status: 403, code: 'E_QUOTA' })],
    ['a time-out', AbortSignal.timeout(0) && new DOMException('internal', 'TimeoutError')],
    ['a time-out of a library', withProperties({ name: 'TimeoutError' })],
    ['a cause with a code', causedBy(refused('ECONNRESET'))],
    ['a cause that is no Error', causedBy({ code: 'ECONNRESET' })],
    ['a cause of a cause', causedBy(causedBy(causedBy(refused('ECONNRESET'))))],
    ['a 4xx whose cause has a code', withProperties({ status: 403 }, causedBy(refused('ECONNRESET')))],
    ['an AggregateError of refused connections', new AggregateError([refused('ECONNREFUSED')], 'internal')],
    ['the connection error of an ORM', withProperties({ parent: refused('ECONNREFUSED') })],
    ['a cause that is a bug', causedBy(new TypeError('x is not a function'))],
    ['a cause that is a 5xx UploadError', causedBy(new UploadError('STORAGE_FAILED', 'internal'))],
    ['TypeError', new TypeError('internal')],
    ['RangeError', new RangeError('internal')],
    ['ReferenceError', new ReferenceError('internal')],
    ['SyntaxError', new SyntaxError('internal')],
    ['a subclass of TypeError', new (class Mistake extends TypeError {})('internal')],
    ['a TypeError of another realm', foreign("new TypeError('internal')")],
    ['a subclass from another realm', foreign("new (class A extends RangeError {})('internal')")],
    [
      'endless causes',
      new (class Endless extends Error {
        override get cause() {
          return new Endless('again')
        }
      })('internal'),
    ],
  ])('%s', (_, thrown) => {
    const { error, ...response } = responseTo(thrown)
    expect(response).toEqual({
      defined: true,
      type: 'about:blank',
      title: 'Hook failed',
      status: 500,
      code: 'HOOK_FAILED',
    })
    // As the default error handlers of Express and Koa read it.
    const { statusCode, expose, headers } = error as unknown as UploadError
    expect({ statusCode, expose, headers }).toEqual({ statusCode: 500, expose: false, headers: {} })
    expect(error.cause).toBe(thrown)
  })

  it('names the hook and the error', () => {
    const error = hookError('params', refused('ENOENT'))
    expect(error.message).toBe('params failed: Error: internal')
  })
})

describe('wraps what is no Error', () => {
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  const throwing = () => {
    throw new Error('a getter')
  }
  const getters = Object.defineProperties(
    {},
    Object.fromEntries(
      ['status', 'message', 'code', 'then', 'stack', 'name', 'headers'].map(name => [
        name,
        { get: throwing },
      ]),
    ),
  )

  // Not it.each(): Vitest reads the values for its titles.
  const cases: [unknown, unknown][] = [
    [null, 'null, not an Error.'],
    [undefined, 'undefined, not an Error.'],
    [false, 'a boolean, not an Error: false'],
    ['', "a string, not an Error: ''"],
    [0, 'a number, not an Error: 0'],
    ['route', "a string, not an Error: 'route'"],
    ['router', "a string, not an Error: 'router'"],
    [1n, 'a bigint, not an Error: 1n'],
    [Symbol('s'), 'a symbol, not an Error: Symbol(s)'],
    [() => {}, 'a function, not an Error: [Function (anonymous)]'],
    [{ secret: 'x' }, 'an object, not an Error: [Object]'],
    [[new Error('a')], 'an object, not an Error: [Array]'],
    [{ status: 503 }, 'an object, not an Error: [Object]'],
    [{ status: 403, code: 'x' }, 'an object, not an Error: [Object]'],
    ['a\nFORGED \u001b[31m', "a string, not an Error: 'a\\nFORGED \\x1B[31m'"],
    [getters, 'an object, not an Error: {}'],
    [revoked.proxy, 'an object, not an Error: <Revoked Proxy>'],
    [Object.create(revoked.proxy), 'an object, not an Error: [object]'],
    [new Proxy(new Error('x'), { get: throwing }), 'an object, not an Error: Error: x'],
    [
      Object.defineProperty(new Error('x'), 'code', { get: throwing }),
      'an error with a property that cannot be read: Error: x',
    ],
    [
      Object.defineProperty(new UploadError('REFUSED', 'x'), 'stack', { get: throwing }),
      expect.stringMatching(/^an error with a property that cannot be read: /),
    ],
  ]

  it.each([...cases.keys()])('value %i', index => {
    const [thrown, message] = cases[index] ?? []
    const { error, ...response } = responseTo(thrown)
    expect(error).toMatchObject({ status: 500, statusCode: 500, expose: false })
    expect(error.message.replace('validate threw ', '')).toEqual(message)
    expect(response).toMatchObject({ defined: true, status: 500, code: 'HOOK_FAILED' })
    expect(response).not.toHaveProperty('detail')
    expect(inspect(error)).toContain('validate threw')
  })
})

describe('an error with headers', () => {
  it.each([
    ['an invalid value', { 'X-A': 'a\r\nSet-Cookie: b' }],
    ['a value that is missing', { 'X-A': undefined }],
    ['an invalid name', { 'a b': 'x' }],
    ['one invalid value of several', { 'X-A': ['a', '\u0000'] }],
  ])('that has %s is a fault that names the header', (_, headers) => {
    for (const thrown of [
      new UploadError('REFUSED', 'no', { headers: headers as never }),
      withProperties({ status: 403, headers }),
    ]) {
      const { error, status } = responseTo(thrown)
      expect(status).toBe(500)
      expect(error.message).toMatch(/^validate threw an error whose header "(X-A|a b)" is invalid/)
      expect(error.cause).toBe(thrown)
    }
  })

  it('keeps valid ones', () => {
    const error = new UploadError('REFUSED', 'no', { headers: { 'Retry-After': '5' } })
    expect(hookError('key', error)).toBe(error)
  })
})
