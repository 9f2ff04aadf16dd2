import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { type FilePart, readForm } from '../../src/form/read-form.ts'
import { resolveOptions } from '../../src/options/resolve-options.ts'
import { bytes } from '../support/bytes.ts'
import { BOUNDARY, type FormPart, filePart, formBody } from '../support/form-body.ts'
import { incoming, slices } from '../support/incoming.ts'
import { until } from '../support/until.ts'

const LIMIT = 4100
const FRAMING = { boundary: BOUNDARY, declaredLength: undefined }

interface SeenFile {
  field: string
  head: Buffer | undefined
  isWhole: boolean | undefined
  body: Buffer
}

const seen = ({ file, head }: FilePart): SeenFile => ({
  field: file.field,
  head: head?.bytes,
  isWhole: head?.isWhole,
  body: Buffer.alloc(0),
})

/** Reads a form with a head for each file, except in the field `plain`. */
async function readFiles(chunks: Iterable<Buffer>): Promise<{ files: SeenFile[]; order: string[] }> {
  const files: SeenFile[] = []
  const order: string[] = []
  const handlers = {
    headSize: (field: string) => (field === 'plain' ? 0 : LIMIT),
    keep: () => undefined,
    onField: ({ name }: { name: string }) => order.push(name),
    onFile(part: FilePart) {
      order.push(part.file.field)
      const file = seen(part)
      files.push(file)
      part.stream.on('data', (chunk: Buffer) => {
        file.body = Buffer.concat([file.body, chunk])
      })
    },
  }
  await readForm(incoming(chunks), FRAMING, resolveOptions('bucket'), handlers, new AbortController().signal)
  return { files, order }
}

const SIZES = [0, 1, 2, LIMIT - 1, LIMIT, LIMIT + 1, 70_000]
const PARTS: FormPart[] = [
  { name: 'before', body: 'x' },
  ...SIZES.map(size => filePart(`f${size}`, `${size}.bin`, bytes(size))),
  filePart('plain', 'plain.bin', bytes(10_000)),
  { name: 'after', body: 'y' },
]

describe('the head of a file', () => {
  it.each([1, 2, 3, 1000, LIMIT, 65_536, 1_000_000])(
    'is known when the file begins, in chunks of %i bytes, and stays in its stream',
    async size => {
      const { files, order } = await readFiles(slices(formBody(PARTS), size))
      expect(order).toEqual(PARTS.map(({ name }) => name))
      for (const [index, length] of SIZES.entries()) {
        const file = files[index] as SeenFile
        expect(file.body.equals(bytes(length))).toBe(true)
        expect(file.head?.equals(bytes(length).subarray(0, LIMIT))).toBe(true)
        expect([length, file.isWhole]).toEqual([length, length < LIMIT])
      }
      const plain = files.at(-1)
      expect(plain?.head).toBeUndefined()
      expect(plain?.body.equals(bytes(10_000))).toBe(true)
    },
  )

  it('of a chunk that has enough is no copy, and of small chunks takes no more than the head', async () => {
    const whole = formBody([filePart('f', 'f', bytes(10_000))])
    const { files } = await readFiles([whole])
    expect(files[0]?.head?.buffer).toBe(whole.buffer)
    const { files: joined } = await readFiles(slices(whole, 1))
    expect(joined[0]?.head?.buffer.byteLength).toBe(LIMIT)
  })

  it('holds back no byte behind it: the file begins as soon as the head has arrived', async () => {
    const request = Object.assign(new PassThrough(), { headers: {} })
    let hasBegun = false
    const controller = new AbortController()
    const handlers = {
      headSize: () => LIMIT,
      keep: () => undefined,
      onField: () => {},
      onFile() {
        hasBegun = true
      },
    }
    const reading = readForm(request, FRAMING, resolveOptions('bucket'), handlers, controller.signal)
    const form = formBody([filePart('f', 'f', bytes(LIMIT))])
    const end = form.length - `\r\n--${BOUNDARY}--\r\n`.length
    request.write(form.subarray(0, end - 1))
    // The last byte of the head.
    setImmediate(() => request.write(form.subarray(end - 1, end)))
    await until(() => hasBegun)
    controller.abort(new Error('over'))
    await expect(reading).rejects.toThrow('over')
  })
})

describe('a form that ends or stalls inside the head of a file', () => {
  const begun = (length: number) => {
    const form = formBody([filePart('f', 'f', bytes(5000))])
    return form.subarray(0, form.indexOf('\r\n\r\n') + 4 + length)
  }
  const never = {
    headSize: () => LIMIT,
    keep: () => undefined,
    onField: () => {},
    onFile: () => expect.unreachable(),
  }

  it.each([0, 1, LIMIT - 1])('fails as truncated after %i bytes', async length => {
    const { signal } = new AbortController()
    await expect(
      readForm(incoming([begun(length)]), FRAMING, resolveOptions('bucket'), never, signal),
    ).rejects.toMatchObject({ code: 'TRUNCATED_BODY' })
  })

  it('fails with 408 after the idle timeout', async () => {
    const request = Object.assign(new PassThrough(), { headers: {} })
    const { signal } = new AbortController()
    const settings = resolveOptions('bucket', { idleTimeout: 20 })
    request.write(begun(100))
    await expect(readForm(request, FRAMING, settings, never, signal)).rejects.toMatchObject({
      code: 'CLIENT_STALLED',
    })
  })

  it('ends at once when the signal aborts', async () => {
    const request = Object.assign(new PassThrough(), { headers: {} })
    const controller = new AbortController()
    const reading = readForm(request, FRAMING, resolveOptions('bucket'), never, controller.signal)
    request.write(begun(100))
    setImmediate(() => controller.abort(new Error('over')))
    await expect(reading).rejects.toThrow('over')
    expect(request.listenerCount('data')).toBe(0)
  })
})
