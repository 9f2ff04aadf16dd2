import { createHash, randomUUID } from 'node:crypto'
import { afterAll, describe, expect, it } from 'vitest'
import type { S3UploadOptions } from '../../src/options/options.ts'
import { PROBLEMS, type UploadErrorCode } from '../../src/shared/errors.ts'
import type { UploadedFile } from '../../src/shared/types.ts'
import type { Uploader } from '../../src/storage/uploader.ts'
import { MB } from '../support/bytes.ts'
import { BOUNDARY, FORM_TYPE, type FormPart, filePart, formBody } from '../support/form-body.ts'
import { type Random, randomFrom } from '../support/random.ts'
import { type RouteKind, type RunningRoute, routes } from '../support/routes.ts'
import type { Reply } from '../support/send.ts'
import { BUCKET, useStorage } from '../support/storage.ts'
import { uploaders } from '../support/uploaders.ts'
import { DELIMITER, type HostileRequest, hostileRequest } from './mutate.ts'
import { expectQuietProcess, inParallel } from './watch.ts'
import { exchange, idOf, nextId, requestHead } from './wire.ts'

const SEED = Number(process.env.FUZZ_SEED ?? 1)
const RUNS = Number(process.env.FUZZ_RUNS ?? 1500)
const BATCH = 50
const AT_ONCE = 10

const s3 = await useStorage()
expectQuietProcess()

const LIMITS = { maxFields: 20, maxFiles: 5, maxFileSize: 4096, maxFieldSize: 2048 }
const running: RunningRoute[] = []
afterAll(() => Promise.all(running.map(route => route.close())))

async function openRoute(uploader: Uploader, limits: Partial<S3UploadOptions> = {}): Promise<RunningRoute> {
  const { open } = routes.find(({ name }) => name === 'node:http') as RouteKind
  const route = await open({
    bucket: BUCKET,
    client: s3.oneTry,
    uploader,
    ...limits,
    key: (_file, { request }) => `${idOf(request)}/${randomUUID()}`,
    onError: () => {},
  })
  running.push(route)
  return route
}

async function send(
  { url }: RunningRoute,
  id: string,
  { contentType, body }: HostileRequest,
  sizes?: () => number,
) {
  const framing: Record<string, string | number> = sizes
    ? { 'Transfer-Encoding': 'chunked' }
    : { 'Content-Length': body.length }
  const head = requestHead(id, { 'Content-Type': contentType, Connection: 'close', ...framing })
  return exchange(url, [Buffer.concat([Buffer.from(head, 'latin1'), sizes ? chunked(body, sizes) : body])])
}

/** The server's parser is given the chunks one by one, however they come. */
function chunked(body: Buffer, size: () => number): Buffer {
  const frames: Buffer[] = []
  // Not a million of them, for a body of many parts with giant heads.
  const smallest = Math.ceil(body.length / 5000)
  for (let from = 0; from < body.length; ) {
    const chunk = body.subarray(from, from + Math.max(size(), smallest))
    frames.push(Buffer.from(`${chunk.length.toString(16)}\r\n`), chunk, Buffer.from('\r\n'))
    from += chunk.length
  }
  return Buffer.concat([...frames, Buffer.from('0\r\n\r\n')])
}

function expectFair(reply: Reply, id: string, request: HostileRequest): void {
  const stored = s3.objects(BUCKET).filter(({ key }) => key.startsWith(`${id}/`))
  if (reply.status !== 201) {
    expectRefusal(reply)
    expect(stored).toEqual([])
    return
  }
  const files = reply.json.files as UploadedFile[]
  expect(files.map(({ key }) => key).sort()).toEqual(stored.map(({ key }) => key).sort())
  let from = 0
  for (const { key, size, etag } of files) {
    const body = stored.find(object => object.key === key)?.body ?? Buffer.alloc(0)
    expect([size, etag]).toEqual([body.length, createHash('md5').update(body).digest('hex')])
    if (request.contentType === FORM_TYPE) from = expectSent(body, request.body, from)
  }
  if (request.contentType === FORM_TYPE) expectNothingLost(reply, request.body)
}

function expectRefusal({ status, headers, json }: Reply): void {
  const { status: own } = PROBLEMS[json.code as keyof typeof PROBLEMS] ?? {}
  expect({ status, type: headers['content-type'] }).toEqual({ status: own, type: 'application/problem+json' })
  expect(status).toBeGreaterThanOrEqual(400)
  expect(status).toBeLessThan(499)
}

/** What was stored stands in the body between the head of a part and a boundary, after the file before it. */
function expectSent(stored: Buffer, body: Buffer, from: number): number {
  // An empty part can have no blank line of its own.
  if (stored.length === 0) return from
  const content = Buffer.concat([Buffer.from('\r\n\r\n'), stored, Buffer.from(DELIMITER)])
  const at = body.indexOf(content, from)
  expect(at, 'what was stored is not what was sent').toBeGreaterThanOrEqual(0)
  return at + content.length - DELIMITER.length
}

/** Whatever stands between two boundaries is a file or a field of the answer, or a file input that was left empty. */
function expectNothingLost({ json }: Reply, body: Buffer): void {
  const [form = ''] = `\r\n${body.toString('latin1')}`.split(`${DELIMITER}--`)
  const parts = form.split(DELIMITER).slice(1)
  const empty = parts.filter(part => part.endsWith('\r\n\r\n')).length
  const accounted = json.files.length + Object.values(json.fields).flat().length
  expect(accounted).toBeLessThanOrEqual(parts.length)
  expect(accounted).toBeGreaterThanOrEqual(parts.length - empty)
}

it(`${RUNS} mutated forms are stored or refused, FUZZ_SEED=${SEED}`, {
  timeout: 60_000 + 40 * RUNS,
}, async () => {
  const opened = await Promise.all(uploaders.map(({ uploader }) => openRoute(uploader, LIMITS)))
  const outcomes = new Map<string, number>()

  async function run(number: number): Promise<void> {
    const random = randomFrom(SEED + number)
    const request = hostileRequest(random)
    const route = random.pick(opened)
    const id = nextId()
    try {
      const reply = await send(route, id, request, chunkSizes(random))
      expectFair(reply, id, request)
      count(reply)
    } catch (error) {
      const once = `FUZZ_SEED=${SEED + number} FUZZ_RUNS=1`
      throw new Error(`${once}, mutated by ${request.mutations.join(', ')}: ${error}`, { cause: error })
    }
  }
  function count({ status, json }: Reply) {
    const outcome = `${status} ${json.code ?? ''}`
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }

  for (let first = 0; first < RUNS; first += BATCH) {
    const numbers = Array.from({ length: Math.min(BATCH, RUNS - first) }, (_, index) => first + index)
    await inParallel(AT_ONCE, numbers, run)
    expect(s3.uploads(BUCKET)).toEqual([])
    s3.reset()
  }
  process.stdout.write(
    `${RUNS} mutated forms, FUZZ_SEED=${SEED}: ${JSON.stringify(Object.fromEntries(outcomes))}\n`,
  )
})

function chunkSizes(random: Random): (() => number) | undefined {
  const largest = random.pick([0, 1, 3, 50, 2000])
  return largest === 0 ? undefined : () => 1 + random.below(largest)
}

/** A file part, its head as given. */
const part = (head: string, body = 'hello') => `--${BOUNDARY}\r\n${head}\r\n\r\n${body}\r\n`
const disposition = (parameters: string) => `Content-Disposition: form-data; ${parameters}`
const GOOD = part(disposition('name="a"; filename="a.txt"'), 'good')
const END = `--${BOUNDARY}--\r\n`
const repeated = (count: number, form: FormPart) => formBody(Array<FormPart>(count).fill(form))

interface Case {
  what: string
  body: string | Buffer
  contentType?: string
  /** A code, or for a form that is stored the bodies of its files. */
  outcome: UploadErrorCode | string[]
}

/** What the fuzzer has found, and what it is not likely to. */
const CASES: Case[] = [
  // busboy goes on after the last boundary: the file begun there never ended, and nor did the upload (seed 351).
  {
    what: 'a part begun after the last boundary',
    body: `${GOOD}${END}--${BOUNDARY}\r\n${part(disposition('name="x"; filename="n"')).slice(0, -2)}`,
    outcome: ['good'],
  },
  { what: 'two forms, one after the other', body: `${GOOD}${END}${GOOD}${GOOD}${END}`, outcome: ['good'] },
  { what: 'no part at all', body: END, outcome: [] },
  // busboy passes over each of these, and the form was stored without it.
  {
    what: 'a quote in a filename',
    body: part(disposition('name="a"; filename="a "b".txt"')),
    outcome: ['hello'],
  },
  { what: 'no Content-Disposition', body: part('Content-Type: text/plain'), outcome: 'MALFORMED_BODY' },
  {
    what: 'another kind of disposition',
    body: part('Content-Disposition: attachment; name="a"'),
    outcome: 'MALFORMED_BODY',
  },
  {
    what: 'a filename that cannot be decoded',
    body: part(disposition(`name="a"; filename*=UTF-8''%zz`)),
    outcome: 'MALFORMED_BODY',
  },
  {
    what: 'a filename in an unknown charset',
    body: part(disposition(`name="a"; filename*=x-none''a`)),
    outcome: ['hello'],
  },
  { what: 'a blank after a boundary', body: GOOD.replace('\r\n', ' \r\n'), outcome: ['good'] },
  // JavaScript's `\s` takes it for a blank, busboy does not (seed 512007).
  {
    what: 'a blank that is none',
    body: Buffer.from(
      `${part(disposition('name="a"; filename="a"').replace('; name', ';\xa0name'))}${END}`,
      'latin1',
    ),
    outcome: 'MALFORMED_BODY',
  },
  // busboy ends the file there, and it was stored cut short.
  {
    what: 'a boundary with more behind it inside a file',
    body: part(disposition('name="a"; filename="a"'), `hello${DELIMITER}X more`),
    outcome: 'MALFORMED_BODY',
  },
  // The eleventh listener on one AbortSignal had Node print a warning (seed 5000).
  {
    what: 'as many files as may be',
    body: GOOD.repeat(10),
    outcome: Array(10).fill('good'),
  },
  {
    what: '10,000 tiny fields',
    body: repeated(10_000, { name: 'a', body: 'b' }),
    outcome: 'TOO_MANY_FIELDS',
  },
  { what: '10,000 tiny files', body: repeated(10_000, filePart('a', 'a', 'b')), outcome: 'TOO_MANY_FILES' },
  {
    what: '10,000 empty file inputs',
    body: repeated(10_000, filePart('a', '', '')),
    outcome: 'TOO_MANY_PARTS',
  },
  { what: 'a head of 1 MB', body: part(`X: ${'x'.repeat(MB)}`), outcome: 'MALFORMED_BODY' },
  { what: '100,000 lines of head', body: part('a:\r\n'.repeat(100_000)), outcome: 'MALFORMED_BODY' },
  {
    what: 'multipart within multipart',
    body: part(
      `${disposition('name="a"; filename="a"')}\r\nContent-Type: multipart/mixed; boundary=inner`,
      '--inner\r\n\r\nnested\r\n--inner--',
    ),
    outcome: ['--inner\r\n\r\nnested\r\n--inner--'],
  },
  {
    what: 'a file of boundaries but for a byte',
    body: part(disposition('name="a"; filename="a"'), DELIMITER.slice(0, -1).repeat(200)),
    outcome: [DELIMITER.slice(0, -1).repeat(200)],
  },
  {
    what: 'line feeds for line breaks',
    body: `${GOOD}${END}`.replaceAll('\r\n', '\n'),
    outcome: 'MALFORMED_BODY',
  },
  { what: 'a NUL in a name', body: part(disposition('name="a\0"; filename="a"')), outcome: 'MALFORMED_BODY' },
  {
    what: 'base64',
    body: part(`${disposition('name="a"; filename="a"')}\r\nContent-Transfer-Encoding: base64`),
    outcome: 'UNSUPPORTED_ENCODING',
  },
  {
    what: 'a field in UTF-7',
    body: part(`${disposition('name="a"')}\r\nContent-Type: text/plain; charset=utf-7`),
    outcome: [],
  },
  {
    what: 'the boundary of another form',
    body: GOOD,
    contentType: 'multipart/form-data; boundary=other',
    outcome: 'MALFORMED_BODY',
  },
  {
    what: 'an empty boundary',
    body: GOOD,
    contentType: 'multipart/form-data; boundary=""',
    outcome: 'MISSING_BOUNDARY',
  },
]

describe.each(uploaders)('through the $name', ({ uploader }) => {
  describe.each(['in one piece', 'in pieces'] as const)('%s', pieces => {
    it.each(CASES)('$what', async ({ body, contentType = FORM_TYPE, outcome }) => {
      const whole = typeof body === 'string' && !body.includes(END) ? `${body}${END}` : body
      const request = { contentType, body: Buffer.from(whole), mutations: [] }
      const id = nextId()
      const reply = await send(
        await openRoute(uploader),
        id,
        request,
        pieces === 'in pieces' ? () => 1 : undefined,
      )
      expectFair(reply, id, request)
      const stored = s3.objects(BUCKET).map(({ body }) => body.toString())
      expect(stored.sort()).toEqual(typeof outcome === 'string' ? [] : outcome)
      expect(reply.json.code).toBe(typeof outcome === 'string' ? outcome : undefined)
      expect(s3.uploads(BUCKET)).toEqual([])
    })
  })
})

/** Of 40 requests: it takes a tenth, or several of them. */
const MOST_SECONDS = 1.5

/** Long heads on which a careless regular expression takes time by the square of their length. */
it.each([
  ['blanks between parameters', `name="a";${' '.repeat(16_000)}x="b"`],
  ['blanks after a value', `name="a"; x=b${' '.repeat(16_000)}"`],
  ['values without quotes', `name="a"; ${'a=b '.repeat(4000)}"`],
  ['quotes that are not closed', `name="a"; x=${'"\\'.repeat(8000)}`],
])('reads a head of %s in no time', async (_, parameters) => {
  const route = await openRoute(uploaders[0]?.uploader as Uploader)
  const body = Buffer.from(`${part(disposition(parameters))}${END}`)
  const started = process.cpuUsage()
  const seconds = () => process.cpuUsage(started).user / 1e6
  for (let count = 0; count < 40 && seconds() < MOST_SECONDS; count++) {
    const id = nextId()
    const request = { contentType: FORM_TYPE, body, mutations: [] }
    expectFair(await send(route, id, request), id, request)
  }
  expect(seconds(), 'seconds of processor time').toBeLessThan(MOST_SECONDS)
})
