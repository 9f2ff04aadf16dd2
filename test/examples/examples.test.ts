import { readdirSync } from 'node:fs'
import { type S3Server, startS3 } from 's3-upstream/testing'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { environmentFor } from '../support/environment.ts'
import { killPrograms, type Program, startProgram } from '../support/run-program.ts'
import { mp4Of, PNG } from '../support/tiny-files.ts'
import { post, type TestFile } from './support.ts'

const BUCKET = 'my-bucket'
const PHOTO: TestFile = { name: '写真 "1".png', type: 'image/png', bytes: new Uint8Array(PNG) }
const VIDEO: TestFile = { name: 'clip.mp4', type: 'video/mp4', bytes: new Uint8Array(mp4Of(6 * 1024 ** 2)) }
const SCRIPT: TestFile = { name: 'run.sh', type: 'text/x-sh', bytes: '#!/bin/sh' }

interface Example {
  name: string
  path: string
  fields?: Record<string, string>
  file: TestFile
  key: RegExp
  /** What the answer to `file` has, beside the key. */
  answer(key: string): object
  refused: { files: TestFile[]; status: number; contentType: RegExp; answer: object }
}

const problem = {
  files: [SCRIPT],
  status: 415,
  contentType: /^application\/problem\+json/,
  answer: { status: 415, code: 'TYPE_NOT_ACCEPTED', filename: SCRIPT.name },
}

const uploads = {
  file: PHOTO,
  key: /^uploads\/[\w-]+\.png$/,
  answer: (key: string) => ({
    files: [{ field: 'file', filename: PHOTO.name, size: PHOTO.bytes.length, key }],
    fields: {},
  }),
  refused: problem,
}

const EXAMPLES: Example[] = [
  { name: 'express.ts', path: '/upload', ...uploads },
  { name: 'koa.ts', path: '/upload', ...uploads },
  { name: 'http.ts', path: '/', ...uploads },
  {
    name: 'lib-storage.ts',
    path: '/upload',
    file: VIDEO,
    key: /^[\w-]+\.mp4$/,
    answer: key => ({ files: [{ filename: VIDEO.name, size: VIDEO.bytes.length, key }] }),
    refused: problem,
  },
  {
    name: 'express-own-answer.ts',
    path: '/photos',
    fields: { album: 'holiday' },
    file: PHOTO,
    key: /^holiday\/[\w-]+$/,
    answer: key => ({ photos: [{ id: key, filename: PHOTO.name, size: PHOTO.bytes.length }] }),
    refused: {
      files: [SCRIPT],
      status: 415,
      contentType: /^application\/json/,
      answer: { error: 'TYPE_NOT_ACCEPTED', message: expect.stringContaining('image/*') },
    },
  },
  {
    name: 'stream-to-s3.ts',
    path: '/upload',
    file: PHOTO,
    key: /^[\w-]+\.png$/,
    answer: key => ({ stored: [{ key, size: PHOTO.bytes.length }] }),
    refused: {
      files: [PHOTO, PHOTO, PHOTO, PHOTO],
      status: 413,
      contentType: /^application\/json/,
      answer: { code: 'TOO_MANY_FILES', message: 'The form has more than 3 files.' },
    },
  },
]

let s3: S3Server

beforeAll(async () => {
  s3 = await startS3({ buckets: [BUCKET] })
})
afterEach(() => s3.reset())
afterAll(() => s3.close())

describe.each(EXAMPLES)('examples/$name', ({ name, path, fields, file, key, answer, refused }) => {
  let program: Program

  beforeAll(async () => {
    program = await startProgram(`examples/${name}`, environmentFor(s3))
  })
  afterAll(killPrograms)

  test('stores a file', async () => {
    const response = await post(program.url + path, [file], fields)

    expect(response.status).toBe(201)
    const [object, ...others] = s3.objects(BUCKET)
    expect(others).toEqual([])
    expect(object?.key).toMatch(key)
    expect(object?.type).toBe(file.type)
    expect(object?.body.equals(Buffer.from(file.bytes))).toBe(true)
    expect(await response.json()).toMatchObject(answer(object?.key ?? ''))
  })

  test('says why it refuses one, and stores nothing', async () => {
    const response = await post(program.url + path, refused.files, fields)

    expect(response.status).toBe(refused.status)
    expect(response.headers.get('content-type')).toMatch(refused.contentType)
    expect(await response.json()).toMatchObject(refused.answer)
    expect(s3.objects(BUCKET)).toEqual([])
    expect(s3.uploads(BUCKET)).toEqual([])
  })

  test('keeps to itself why S3 refuses, and prints it', async () => {
    s3.fault(() => ({ status: 403, code: 'AccessDenied' }))

    const response = await post(program.url + path, [file], fields)

    expect(response.status).toBe(502)
    expect(await response.text()).not.toContain('AccessDenied')
    await expect.poll(() => program.stderr).toContain('AccessDenied')
    expect(s3.objects(BUCKET)).toEqual([])
  })

  test('ends on SIGTERM', async () => {
    expect(await program.end()).toMatchObject({ code: 0, signal: null })
  })
})

test('express-own-answer.ts puts no album into a key that it does not know', async () => {
  const program = await startProgram('examples/express-own-answer.ts', environmentFor(s3))
  try {
    const response = await post(`${program.url}/photos`, [PHOTO], { album: '../private' })

    expect(response.status).toBe(422)
    expect(await response.json()).toMatchObject({ error: 'REFUSED' })
    expect(s3.objects(BUCKET)).toEqual([])
  } finally {
    await killPrograms()
  }
})

test('every example is tried here, or is a test itself', () => {
  const tried = EXAMPLES.map(example => example.name)
  const programs = readdirSync(new URL('../../examples', import.meta.url))
  expect(programs.filter(name => name.endsWith('.ts')).sort()).toEqual(
    [...tried, 'test-your-route.test.ts'].sort(),
  )
})
