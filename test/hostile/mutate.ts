import { BOUNDARY, FORM_TYPE, type FormPart, filePart, formBody } from '../support/form-body.ts'
import type { Random } from '../support/random.ts'

export interface HostileRequest {
  contentType: string
  body: Buffer
  /** What has been done to a valid form. */
  mutations: string[]
}

export const DELIMITER = `\r\n--${BOUNDARY}`

/** A valid form, after between no and four mutations. */
export function hostileRequest(random: Random): HostileRequest {
  const parts = validParts(random)
  const request: HostileRequest = { contentType: FORM_TYPE, body: Buffer.alloc(0), mutations: [] }
  const names = Array.from({ length: random.below(5) }, () => random.pick(MUTATIONS))
  // First the parts, then the bytes that they have become.
  const early = names.filter(name => name in PART_MUTATIONS)
  const late = names.filter(name => name in BODY_MUTATIONS)
  for (const name of early) PART_MUTATIONS[name]?.(random.pick(parts), random, parts)
  request.body = formBody(parts)
  for (const name of late) BODY_MUTATIONS[name]?.(request, random)
  request.mutations.push(...early, ...late)
  return request
}

function validParts(random: Random): FormPart[] {
  const parts: FormPart[] = [{ name: 'title', body: 'Grüße' }]
  for (let count = random.below(6); count > 0; count--) {
    const name = random.pick(['a', 'b', 'photo', 'ü', 'x[y]'])
    const body = random.chance(0.2) ? Buffer.alloc(0) : random.bytes(1 + random.below(1200))
    parts.push(
      random.chance(0.6)
        ? filePart(name, random.pick(['a.txt', 'ü.png', '', 'no extension']), body, random.pick(TYPES))
        : { name, body },
    )
  }
  return parts
}

const TYPES = ['text/plain', 'image/png', 'application/octet-stream', 'text/plain; charset=utf-8']
const NAMES = [
  '__proto__',
  'constructor',
  '',
  'a'.repeat(101),
  'ü'.repeat(60),
  'a\0b',
  'a"b',
  'a\\"b',
  'a\\',
  '[]',
  '\ud800',
]
const FILENAMES = [
  ...[
    '../../etc/passwd',
    'C:\\dir\\a.txt',
    '..',
    '.',
    '/',
    'a\0.png',
    'a%00.png',
    '%22%0d%0a',
    'a"b.txt',
    'a\\"b.txt',
  ],
  ...[
    'x'.repeat(5000),
    '\u202egnp.exe',
    '👩‍👩‍👧.jpg',
    '\ud83d',
    'a\r\nX: y',
    'CON',
    ' ',
    '.htaccess',
    'a;b=c',
    "a'b",
  ],
]
const CHARSETS = [
  'utf-16',
  'utf-16le',
  'utf-7',
  'latin1',
  'ascii',
  'x-none',
  'base64',
  'hex',
  '',
  '"',
  'utf-8; charset=x',
]
const EXTENDED = [
  "UTF-8''%e2%82%ac",
  "UTF-8''%zz",
  "x-none''a",
  "utf-16''a",
  "''",
  "UTF-8'en'%00",
  "iso-8859-1''%fc",
  'a',
]

type PartMutation = (part: FormPart, random: Random, parts: FormPart[]) => void

const PART_MUTATIONS: Record<string, PartMutation> = {
  name(part, random) {
    part.name = random.pick(NAMES)
  },
  'no name'(part) {
    part.name = undefined
  },
  filename(part, random) {
    part.filename = random.pick(FILENAMES)
  },
  'extended filename'(part, random) {
    part.name += `"; filename*=${random.pick(EXTENDED)}; x="`
  },
  'extended name'(part, random) {
    part.name += `"; name*=${random.pick(EXTENDED)}; x="`
  },
  charset(part, random) {
    part.type = `text/plain; charset=${random.pick(CHARSETS)}`
  },
  _charset_(_part, random, parts) {
    parts.unshift({ name: '_charset_', body: random.pick(CHARSETS) })
  },
  type(part, random) {
    part.type = random.pick([
      '',
      '/',
      'a/',
      'text',
      'multipart/mixed; boundary=x',
      'message/rfc822',
      'A/B;',
      'a/b;c="',
    ])
  },
  'transfer encoding'(part, random) {
    part.headers = [
      `Content-Transfer-Encoding: ${random.pick(['base64', 'quoted-printable', '8BIT', '7bit', '', 'x'])}`,
    ]
  },
  'duplicated head'(part, random) {
    part.headers = random.pick([
      ['Content-Disposition: form-data; name="other"; filename="other.txt"'],
      ['Content-Disposition: attachment', 'Content-Type: a/b', 'Content-Type: c/d'],
      ['content-disposition: form-data; name=a; name=b; filename=c; filename=d'],
    ])
  },
  'giant head'(part, random) {
    part.headers = [`X-Giant: ${'g'.repeat(random.pick([1000, 16_000, 16_384, 70_000]))}`]
  },
  'many heads'(part, random) {
    part.headers = Array.from({ length: random.pick([100, 1999, 2001]) }, (_, n) => `h${n}:`)
  },
  'odd heads'(part, random) {
    part.headers = [
      random.pick([' folded', 'no colon', ': no name', 'a b: c', 'nul: \0', 'x: \x7f', 'ü: ü', 'a:', '\t']),
    ]
  },
  'nested multipart'(part) {
    part.type = 'multipart/mixed; boundary=inner'
    part.body = '--inner\r\nContent-Disposition: file; filename="n.txt"\r\n\r\nnested\r\n--inner--\r\n'
  },
  'boundary inside'(part, random) {
    const inside = random.pick(['', '-', '--', ' ', 'X', '\r', '\n', '\r\n'])
    part.body = Buffer.concat([Buffer.from(part.body ?? ''), Buffer.from(`${DELIMITER}${inside}more`)])
  },
  'near boundaries'(part, random) {
    part.body = DELIMITER.slice(0, 1 + random.below(DELIMITER.length - 1)).repeat(1 + random.below(50))
  },
  'large value'(part, random) {
    part.body = random.bytes(random.pick([2048, 2049, 4096, 4097, 9000]))
  },
  'many parts'(part, random, parts) {
    parts.push(...Array<FormPart>(random.pick([5, 19, 20, 21, 30, 31, 200])).fill({ ...part }))
  },
}

type RequestMutation = (request: HostileRequest, random: Random) => void

const BYTE_MUTATIONS: Record<string, (body: Buffer, at: number, size: number, random: Random) => Buffer[]> = {
  flip: (body, at, _size, random) => {
    body[at] = (body[at] ?? 0) ^ (1 << random.below(8))
    return [body]
  },
  delete: (body, at, size) => [body.subarray(0, at), body.subarray(at + size)],
  duplicate: (body, at, size) => [body.subarray(0, at + size), body.subarray(at)],
  splice: (body, at, size, random) => {
    const to = random.below(body.length)
    return [body.subarray(0, to), body.subarray(at, at + size), body.subarray(to)]
  },
  nuls: (body, at, size) => [body.subarray(0, at), Buffer.alloc(size), body.subarray(at + size)],
  noise: (body, at, size, random) => [body.subarray(0, at), random.bytes(size), body.subarray(at)],
  cut: (body, at) => [body.subarray(0, at)],
}

const BODY_MUTATIONS: Record<string, RequestMutation> = {
  ...Object.fromEntries(
    Object.entries(BYTE_MUTATIONS).map(([name, mutate]): [string, RequestMutation] => [
      name,
      (request, random) => {
        const { body } = request
        const size = 1 + random.below(random.pick([2, 30, 300]))
        request.body = Buffer.concat(mutate(Buffer.from(body), placeIn(body, random), size, random))
      },
    ]),
  ),
  'line breaks'(request, random) {
    const [from, to] = random.pick([
      ['\r\n', '\n'],
      ['\r\n', '\r'],
      ['\r\n\r\n', '\r\n'],
      ['\r\n', '\r\n\r\n'],
      ['\n', ''],
    ] as const)
    request.body = Buffer.from(
      random.chance(0.5)
        ? request.body.toString('latin1').replaceAll(from, to)
        : request.body.toString('latin1').replace(from, to),
      'latin1',
    )
  },
  'last boundary'(request, random) {
    const end = request.body.lastIndexOf(DELIMITER)
    const last = random.pick([
      '',
      '-',
      '--',
      '--\r\n--',
      ' --',
      '--\r\nepilogue',
      `--${DELIMITER}--`,
      DELIMITER,
    ])
    request.body = Buffer.concat([
      request.body.subarray(0, Math.max(0, end)),
      Buffer.from(last && `${DELIMITER}${last}`),
    ])
  },
  preamble(request, random) {
    const before = random.pick([
      '\r\n',
      '\n',
      'preamble\r\n',
      '--',
      `--${BOUNDARY}`,
      `--${BOUNDARY}\r\n`,
      '\0'.repeat(100),
    ])
    request.body = Buffer.concat([Buffer.from(before), request.body])
  },
  'content type'(request, random) {
    request.contentType = random.pick([
      `multipart/form-data; boundary="${BOUNDARY}"`,
      `multipart/form-data; boundary=${BOUNDARY}x`,
      `multipart/form-data; boundary=${BOUNDARY.slice(0, -1)}`,
      `MULTIPART/FORM-DATA; charset=utf-8; BOUNDARY=${BOUNDARY}`,
      `multipart/form-data; boundary=${'b'.repeat(4000)}`,
      `multipart/form-data; boundary=${BOUNDARY}; boundary=other`,
      `multipart/form-data;boundary=${BOUNDARY};`,
      ...['', ' ', '"', '""', '"unclosed', '-', '\t', '=', ';', '"a\\"b"', 'ü'].map(
        boundary => `multipart/form-data; boundary=${boundary}`,
      ),
      ...['multipart/form-data', 'multipart/mixed; boundary=x', 'multipart/', 'text/plain', ';', ''],
    ])
  },
}

/** More often than not in the framing, where it matters. */
function placeIn(body: Buffer, random: Random): number {
  if (random.chance(0.4)) return random.below(body.length)
  const from = body.indexOf(`--${BOUNDARY}`, random.below(body.length))
  return Math.max(0, Math.min(body.length - 1, from - 4 + random.below(130)))
}

const MUTATIONS = [...Object.keys(PART_MUTATIONS), ...Object.keys(BODY_MUTATIONS)]
