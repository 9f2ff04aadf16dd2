import { UploadError, type UploadOptions, upload, uploadEach } from 's3-upstream/client'
import { describe, expect, it } from 'vitest'
import { formatSize } from '../../client/sizes.ts'
import type { S3UploadOptions } from '../../src/options/options.ts'
import * as server from '../../src/shared/sizes.ts'
import { fileTooLarge } from '../../src/shared/upload-errors.ts'
import { routes, useRunningRoutes } from '../support/routes.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { PNG } from '../support/tiny-files.ts'
import { file, useFakeXhr } from './support/fake-xhr.ts'

const s3 = await useStorage()
const running = useRunningRoutes()
const { request, count } = useFakeXhr()
const RESULT = { files: [], fields: {} }
const [, , , , node] = routes

/** Returns the error of an upload that must not send a request. */
async function refusal(input: File[], options: UploadOptions): Promise<UploadError> {
  const error = await upload('/upload', input, options).then(
    () => expect.unreachable('The upload succeeded'),
    error => error,
  )
  expect(count()).toBe(0)
  return error
}

/** Returns the problem with which a server responds to the same form. */
async function problemOf(input: File[], options: Partial<S3UploadOptions>): Promise<object> {
  const route = await node!.open({ bucket: BUCKET, client: s3.client, onError: () => {}, ...options })
  running.push(route)
  const form = new FormData()
  for (const file of input) form.append('photo', file)
  const response = await fetch(route.url, { method: 'POST', body: form })
  return (await response.json()) as object
}

/** The server looks at the bytes. */
const text = (name: string, size: number, type = 'text/plain') => new File(['a'.repeat(size)], name, { type })
const picture = (name: string) => new File([new Uint8Array(PNG)], name, { type: 'image/png' })

const KB = 1024
describe('a file over a limit is refused with the code, status and words of the server', () => {
  it.each<[string, File[], UploadOptions & Partial<S3UploadOptions>]>([
    ['one byte too large', [file('a.png', 1), file('b.png', 1537)], { maxFileSize: '1.5KB' }],
    ['too large for a number', [file('b.png', 100)], { maxFileSize: 99 }],
    [
      'too large for its type',
      [text('a.txt', 11)],
      { maxFileSize: 5, accept: { 'text/*': 20, 'text/plain': 10 } },
    ],
    ['too large for 0', [file('b.png', 1)], { maxFileSize: 0 }],
    ['one file too many', [file('a.png', 1), file('日本語.png', 1)], { maxFiles: 1 }],
    ['a type that is not listed', [text('a.csv', 1, 'text/csv')], { accept: 'image/*, text/plain' }],
    ['an almost equal type', [text('a', 1, 'text/plainx')], { accept: ['text/PLAIN', 'video/*'] }],
    ['the first of three mistakes', [picture('a.png'), text('b.txt', 999)], { maxFileSize: 100, accept: 'image/*', maxFiles: 5 }], // biome-ignore format: one row
    ['the count before the type', [picture('a.png'), text('b.txt', 9)], { maxFiles: 1, accept: 'image/*' }], // biome-ignore format: one row
  ])('%s', async (_name, input, limits) => {
    const problem = await problemOf(input, limits)
    const { message, code, title, status, field, filename, limit, allowed } = await refusal(input, {
      ...limits,
      field: 'photo',
    })
    expect({ code, detail: message, title, status, field, filename, limit, allowed }).toEqual({
      ...problem,
      type: undefined,
    })
    expectNothingLeft(s3)
  })

  it('a file without a name', async () => {
    const { message, filename } = fileTooLarge({ field: 'photo', filename: '', type: 'image/png' }, 1)
    expect(await refusal([file('', 2)], { maxFileSize: 1, field: 'photo' })).toMatchObject({
      message,
      filename,
    })
  })
})

it('shows sizes as the server does', () => {
  const sizes = [0, 1, 999, 1023, 1024, 1025, 1535.5, 1048575, 1048576, 1e6, 5e9, 1.5 * KB ** 4, 3e14]
  for (const size of sizes) expect(formatSize(size)).toBe(server.formatSize(size))
})

describe('accept', () => {
  it.each([
    ['a listed type', 'a', 'image/png', 'image/png'],
    ['any type of a group', 'a', 'image/webp', 'text/css, image/*'],
    ['a type that runs code and is named', 'a', 'image/svg+xml', 'image/*, image/svg+xml'],
    ['a type with a size', 'a', 'image/png', { 'image/*': 4 * KB }],
    ['any type', 'a', 'x/y', '*/*'],
    ['parameters of a type', 'a.webm', 'video/webm;codecs=vp8,opus', 'video/webm'],
    ['an extension in other case', 'DATA.CSV', 'application/vnd.ms-excel', ['text/csv', '.Csv']],
    ['an extension of two words', 'a.tar.gz', 'application/gzip', '.tar.gz'],
    ['a file without a type', 'a.exe', '', 'image/*,.csv'],
    ['application/octet-stream', 'a.exe', 'application/octet-stream', 'image/*'],
  ])('lets pass %s', async (_name, name, type, accept) => {
    const result = upload('/upload', file(name, 1, type), { accept })
    ;(await request()).respond(201, RESULT)
    expect(await result).toEqual(RESULT)
  })

  it.each([
    ['another extension', 'a.csv.exe', 'application/x-msdownload', '.csv'],
    ['an extension inside the name', 'acsv', 'application/pdf', '.csv'],
    ['a type that runs code and is not named', 'a.svg', 'image/svg+xml', 'image/*'],
    ['a type that only begins like one', 'a', 'images/png', 'image/*'],
  ])('refuses %s', async (_name, name, type, accept) => {
    const error = await refusal([file(name, 1, type)], { accept })
    expect(error).toMatchObject({
      code: 'TYPE_NOT_ACCEPTED',
      status: 415,
      message: `${name} is ${type}, which is not accepted. Accepted types: ${accept}.`,
    })
  })
})

it('a file at its limit, and as many files as allowed, pass', async () => {
  const result = upload('/upload', [file('a.png', KB), file('b.png', KB)], {
    maxFiles: 2,
    maxFileSize: '1KB',
  })
  ;(await request()).respond(201, RESULT)
  expect(await result).toEqual(RESULT)
})

it.each<[string, unknown]>([
  ['maxFileSize', '10 potatoes'],
  ['maxFileSize', '10'],
  ['maxFileSize', '1.2.3MB'],
  ['maxFileSize', Number.NaN],
  ['maxFileSize', -1],
  ['maxFiles', Number.NaN],
  ['accept', 'png'],
  ['accept', {}],
  ['accept', ''],
  ['accept', []],
  ['accept', ['image/*', 'text']],
])('%s: %j rejects with a TypeError that names both', async (name, value) => {
  const error = await refusal([file('a.png', 1)], { [name]: value })
  expect(error).toBeInstanceOf(TypeError)
  expect(error).not.toBeInstanceOf(UploadError)
  expect(error.message).toBe(`The option ${name} is invalid: ${value}.`)
})

it('a type with a wrong size rejects with a TypeError', async () => {
  const accept = { 'image/*': 'large' } as unknown as UploadOptions['accept']
  const error = await refusal([file('a.png', 1)], { accept })
  expect(error).toBeInstanceOf(TypeError)
  expect(error.message).toBe('The option accept is invalid: large.')
})

describe('uploadEach()', () => {
  const input = [file('1.png', 10), file('2.png', 11), file('3.txt', 10, 'text/plain'), file('4.png', 1)]
  const limits = { maxFileSize: 10, accept: 'image/*', maxFiles: 3, concurrency: 1 }

  it('fails refused files at once, without a request, and uploads the others', async () => {
    const events: string[] = []
    const uploads = uploadEach('/upload', input, {
      ...limits,
      onProgress: ({ item: { file, phase, error } }) => events.push(`${file.name} ${error?.code ?? phase}`),
    })
    const xhr = await request()
    expect(events).toEqual([
      '2.png FILE_TOO_LARGE',
      '3.txt TYPE_NOT_ACCEPTED',
      '4.png TOO_MANY_FILES',
      '1.png sending',
    ])
    xhr.respond(201, RESULT)
    const { stored, failed } = await uploads
    expect(stored.map(({ file }) => file.name)).toEqual(['1.png'])
    expect(failed.map(({ phase, error }) => [phase, error?.status, error?.field])).toEqual([
      ['failed', 413, 'file'],
      ['failed', 415, 'file'],
      ['failed', 413, 'file'],
    ])
    expect(count()).toBe(1)
  })

  it('does not retry a refused file, also from within its own event', async () => {
    const events: string[] = []
    const uploads = uploadEach('/upload', input, {
      ...limits,
      onProgress({ item }) {
        events.push(item.phase)
        item.retry()
      },
    })
    ;(await request()).respond(201, RESULT)
    const { failed } = await uploads
    const { items } = uploads
    for (const item of failed) item.retry()
    expect(uploads.items).toBe(items)
    expect(events).toEqual(['failed', 'failed', 'failed', 'sending', 'done'])
    expect(count()).toBe(1)
  })

  it('leaves a file cancelled that the page cancels before it is refused', async () => {
    const uploads = uploadEach('/upload', input.slice(1), {
      ...limits,
      onProgress: ({ items }) => items[1]?.cancel(),
    })
    ;(await request()).respond(201, RESULT)
    const { failed } = await uploads
    failed[1]?.retry()
    expect(uploads.items.map(({ phase }) => phase)).toEqual(['failed', 'cancelled', 'done'])
  })

  it('resolves if every file is refused', async () => {
    const { stored, failed } = await uploadEach('/upload', input, { maxFileSize: 0 })
    expect([stored.length, failed.length, count()]).toEqual([0, 4, 0])
  })

  it('rejects with a TypeError for an invalid limit', async () => {
    await expect(uploadEach('/upload', input, { accept: 'png' })).rejects.toThrow(TypeError)
    expect(count()).toBe(0)
  })
})
