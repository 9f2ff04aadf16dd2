import { extname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { compileAccept } from '../../src/content/accept.ts'
import { isActiveType } from '../../src/content/active-types.ts'
import { detectType, MAX_HEAD_BYTES } from '../../src/content/detect-type.ts'
import { typeOfExtension } from '../../src/content/type-names.ts'
import type { IncomingFile } from '../../src/shared/types.ts'
import { type Random, randomFrom } from '../support/random.ts'
import { cfb } from '../support/type-bytes.ts'
import { CORPUS, LIES } from '../support/type-corpus.ts'

function fileOf({ filename, claim }: { filename: string; claim: string | undefined }): IncomingFile {
  return {
    field: 'f',
    filename,
    type: claim?.includes('/') ? claim : 'text/plain',
    ...(claim !== undefined && { contentType: claim }),
  }
}

const detect = (bytes: Buffer, file: { filename: string; claim: string | undefined }) =>
  detectType(bytes, bytes.length <= MAX_HEAD_BYTES, fileOf(file))

describe('detectType', () => {
  it('knows at least 60 types', () => {
    expect(new Set(CORPUS.map(({ type }) => type)).size).toBeGreaterThanOrEqual(60)
  })

  it.each(CORPUS)('$name is $type', async ({ bytes, type, ...file }) => {
    expect((await detect(bytes, file)).type).toBe(type)
  })

  it.each(CORPUS)('$name is $type, with more than the head behind it', async ({ bytes, type, ...file }) => {
    // Without a text behind it, what follows a whole image makes it another file.
    const head = Buffer.concat([bytes, bytes.subarray(0, 1)]).subarray(0, bytes.length)
    expect((await detectType(head, false, fileOf(file))).type).toBe(type)
  })
})

describe('a lie', () => {
  it('is told in at least 30 ways', () => {
    expect(LIES.length).toBeGreaterThanOrEqual(30)
  })

  it.each(LIES)('$name is refused where $accept is accepted', async ({ bytes, accept, ...file }) => {
    expect(compileAccept(accept, 'accept').judge(await detect(bytes, file)).accepted).toBe(false)
  })
})

describe('a cut file', () => {
  it.each(CORPUS)(
    '$name, cut at each byte, gives no type that runs code',
    async ({ bytes, type, ...file }) => {
      if (type !== undefined && isActiveType(type)) return expect(isActiveType(type)).toBe(true)
      for (let length = 0; length < Math.min(bytes.length, 600); length++) {
        const detected = await detect(bytes.subarray(0, length), file)
        expect(
          detected.type === undefined || !isActiveType(detected.type),
          `${length} bytes: ${detected.type}`,
        ).toBe(true)
      }
      return undefined
    },
  )
})

/** Sizes and counts that a reader may trip over. */
const EDGES = [0, 1, 0x7f, 0x80, 0xfe, 0xff]

/** A head of the corpus with another one inside it, cut, with single bytes changed, or all random. */
function mutate(bytes: Buffer, other: Buffer, random: Random): Buffer {
  const split = random.below(bytes.length + 1)
  const middle = random.chance(0.25) ? other : Buffer.alloc(random.below(64), random.pick(EDGES))
  const whole = Buffer.concat([bytes.subarray(0, split), middle, bytes.subarray(split)])
  const head = whole.subarray(0, 1 + random.below(random.chance(0.05) ? MAX_HEAD_BYTES : 700))
  const changes = random.chance(0.05) ? head.length : random.below(8)
  for (let change = 0; change < changes; change++) {
    head[random.below(head.length)] = random.chance(0.5) ? random.below(256) : random.pick(EDGES)
  }
  return head
}

describe('random and mutated heads', () => {
  it('100,000 of them: each is detected or unknown, and none throws', async () => {
    const random = randomFrom(14)
    const heads = [...CORPUS, ...LIES]
    const types = new Map<string, number>()
    for (let count = 0; count < 100_000; count++) {
      const chosen = random.pick(heads)
      const head = mutate(chosen.bytes, random.pick(heads).bytes, random)
      const file = fileOf(chosen)
      const { type, claim } = await detectType(head, random.chance(0.5), file)
      types.set(type ?? 'unknown', (types.get(type ?? 'unknown') ?? 0) + 1)
      // No binary file becomes one that runs code, unless the client says so or browsers read it so.
      if (type === undefined || !isActiveType(type) || type === claim || looksActive(head)) continue
      if (type !== typeOfExtension(extname(file.filename))) {
        expect.fail(`${type} from ${head.toString('base64')}, declared as ${claim}`)
      }
    }
    expect([...types.keys()].filter(type => !/^(?:unknown|[\w.+-]+\/[\w.+-]+)$/.test(type))).toEqual([])
    expect(types.size).toBeGreaterThan(80)
    expect(types.get('unknown')).toBeGreaterThan(10_000)
  }, 300_000)
})

/** True for markup and scripts behind white space, in UTF-8 or UTF-16; and for Flash, which is bytes. */
function looksActive(head: Buffer): boolean {
  return /^(?:\xef\xbb\xbf|\xff\xfe|\xfe\xff)?[\s\0\xa0\ufeff]*(?:<|#!)|^[CF]WS/.test(head.toString('latin1'))
}

describe('the head', () => {
  it('is read up to 4,100 bytes', async () => {
    const text = Buffer.alloc(MAX_HEAD_BYTES, 'a')
    const file = fileOf({ filename: 'a.txt', claim: 'text/plain' })
    const { type } = await detectType(Buffer.concat([text, Buffer.alloc(8)]), true, file)
    expect(type).toBe('text/plain')
  })

  it('can end inside a character, unless it is the whole file', async () => {
    const file = fileOf({ filename: 'a.csv', claim: 'text/csv' })
    for (const cut of [1, 2, 3]) {
      const head = Buffer.from('a,😀').subarray(0, 2 + cut)
      expect((await detectType(head, false, file)).type).toBe('text/csv')
      expect((await detectType(head, true, file)).type).toBeUndefined()
    }
    const utf16 = Buffer.from('\ufeffa,😀', 'utf16le')
    expect((await detectType(utf16.subarray(0, 7), false, file)).type).toBe('text/csv')
    expect((await detectType(utf16.subarray(0, 7), true, file)).type).toBeUndefined()
  })

  it('stays as it is, and may be part of a larger buffer', async () => {
    for (const { bytes, type, ...file } of CORPUS) {
      const larger = new Uint8Array(bytes.length + 14).fill(0x81)
      larger.set(bytes, 7)
      const before = Buffer.from(larger)
      const detected = await detectType(larger.subarray(7, 7 + bytes.length), true, fileOf(file))
      expect(detected.type, file.name).toBe(type)
      expect(before.equals(larger), file.name).toBe(true)
    }
  })

  it.each<[string, Buffer]>([
    ['0 bytes', Buffer.alloc(0)],
    ['1 byte of text', Buffer.from('a')],
  ])('of %s is text, and of the type that the client declares if that is text', async (_, head) => {
    expect((await detect(head, { filename: '', claim: undefined })).type).toBe('text/plain')
    expect((await detect(head, { filename: 'a.csv', claim: undefined })).type).toBe('text/csv')
    expect((await detect(head, { filename: 'a.png', claim: 'image/png' })).type).toBe('text/plain')
  })

  it('of 1 byte that is no text is unknown', async () => {
    for (let byte = 0x80; byte <= 0xff; byte++) {
      expect(
        (await detect(Buffer.from([byte]), { filename: 'a.png', claim: 'image/png' })).type,
      ).toBeUndefined()
    }
  })
})

describe('a claim', () => {
  it.each([
    undefined,
    '',
    'csv',
    'text/*',
    `text/${'a'.repeat(128)}`,
    'application/octet-stream',
    'binary/octet-stream',
  ])('of %j is none', async claim => {
    const detected = await detect(Buffer.from('a,b'), { filename: 'a.csv', claim })
    expect(detected).toEqual({ type: 'text/csv', claim: undefined, isPlainText: true })
  })

  it('for a type that runs code is kept, so that the file is judged and served as such', async () => {
    const { type } = await detect(Buffer.from('hello'), { filename: 'a.txt', claim: 'text/html' })
    expect(type).toBe('text/html')
  })

  it('for text beats an extension that runs code', async () => {
    const { type } = await detect(Buffer.from('alert(1)'), { filename: 'a.js', claim: 'text/plain' })
    expect(type).toBe('text/plain')
  })

  it.each([
    ['application/msword', 'a.xls', 'application/msword'],
    ['application/octet-stream', 'a.xls', 'application/vnd.ms-excel'],
    ['application/x-cfb', 'a.msi', 'application/x-msi'],
    ['image/png', 'a.doc', 'application/x-cfb'],
    ['image/png', 'a.png', 'application/x-cfb'],
  ])('of %s for %s, on the bytes of a compound file, gives %s', async (claim, filename, type) => {
    expect((await detect(cfb, { filename, claim })).type).toBe(type)
  })
})
