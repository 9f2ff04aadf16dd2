import { describe } from '../shared/sizes.ts'
import type { IncomingRequest } from '../shared/types.ts'

/** The headers that an upload reads. Node gives each as a string, but a program can make a request of its own. */
const STRING_HEADERS = ['content-type', 'content-encoding', 'content-length']

/** Returns an error if the value is not a Node request: a stream of bytes with an object of headers. */
export function requestError(request: IncomingRequest): TypeError | undefined {
  const { on, pause, resume, headers } = Object(request) as Partial<IncomingRequest>
  if (![on, pause, resume].every(method => typeof method === 'function')) {
    return new TypeError(
      `The request must be a Node request (a readable stream with headers); ${hintFor(request)}.`,
    )
  }
  if (typeof headers !== 'object' || headers === null || isWebHeaders(headers)) {
    return new TypeError(
      `request.headers must be an object with names in lower case; it is ${describe(headers)}. ` +
        'From a web Headers object, make one with Object.fromEntries(headers).',
    )
  }
  for (const name of STRING_HEADERS) {
    const value: unknown = headers[name]
    if (value === undefined || typeof value === 'string') continue
    if (name === 'content-length' && typeof value === 'number') continue
    return new TypeError(`request.headers['${name}'] must be a string; it is ${describe(value)}.`)
  }
  return undefined
}

function hintFor(request: unknown): string {
  const { req, raw, arrayBuffer } = Object(request) as Record<string, unknown>
  if (typeof arrayBuffer === 'function') {
    return 'it is a web Request. Pass Object.assign(Readable.fromWeb(request.body), { headers: Object.fromEntries(request.headers) })'
  }
  if (req !== undefined) return `it is ${describe(request)}. Pass its property req`
  if (raw !== undefined) return `it is ${describe(request)}. Pass its property raw`
  return `it is ${describe(request)}`
}

function isWebHeaders(headers: object): boolean {
  return typeof (headers as { get?: unknown }).get === 'function' && !Object.hasOwn(headers, 'get')
}
