import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { installPackage } from './install.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const installed = installPackage()
afterAll(() => installed.remove())

const ENTRIES = {
  's3-upstream': [
    'UploadError',
    'abortStaleUploads',
    'byField',
    'checkStorage',
    'createMemoryBudget',
    'defaultMemoryBudget',
    'streamToS3',
  ],
  's3-upstream/express': ['UploadError', 's3Upload', 'uploadOf'],
  's3-upstream/koa': ['UploadError', 's3Upload'],
  's3-upstream/http': ['UploadError', 's3Upload'],
  's3-upstream/lib-storage': ['libStorage'],
  's3-upstream/client': ['UploadError', 'upload', 'uploadEach'],
  's3-upstream/testing': ['startS3'],
}
const names = Object.keys(ENTRIES)

/** Runs a program in the project that has the package installed, and gives what it printed as JSON. */
function run(file: string, code: string): unknown {
  writeFileSync(join(installed.dir, file), code)
  return JSON.parse(execFileSync(process.execPath, [file], { cwd: installed.dir, encoding: 'utf8' }))
}

function bin(name: string, args: string[], cwd = ROOT): string {
  return execFileSync(join(ROOT, 'node_modules/.bin', name), args, { cwd, encoding: 'utf8' })
}

describe('the package', () => {
  it('contains what it needs and nothing else', () => {
    const others = installed.files.filter(path => !path.startsWith('dist/'))
    expect(others.sort()).toEqual(['CHANGELOG.md', 'LICENSE', 'README.md', 'package.json'])
    expect(installed.files.filter(path => /\.(js|cjs|d\.ts|d\.cts)$/.test(path)).length).toBe(
      installed.files.length - 4,
    )
  })

  it.each(names)('gives %s by import and by require', name => {
    const exported = ENTRIES[name as keyof typeof ENTRIES]
    expect(
      run('a.mjs', `import * as m from '${name}'; console.log(JSON.stringify(Object.keys(m).sort()))`),
    ).toEqual(exported)
    expect(
      run('a.cjs', `const m = require('${name}'); console.log(JSON.stringify(Object.keys(m).sort()))`),
    ).toEqual(exported)
  })

  it('has one class of errors for all its entries, and recognises that of the other module system', () => {
    const code = `
      const core = require('s3-upstream'), express = require('s3-upstream/express'), koa = require('s3-upstream/koa')
      import('s3-upstream/http').then(http => {
        const ours = new core.UploadError('ABORTED', ''), theirs = new http.UploadError('ABORTED', '')
        console.log(JSON.stringify([
          core.UploadError === express.UploadError, core.UploadError === koa.UploadError,
          theirs instanceof core.UploadError, ours instanceof http.UploadError, new Error() instanceof core.UploadError,
        ]))
      })`
    expect(run('errors.cjs', code)).toEqual([true, true, true, true, false])
  })

  it('shows errors in logs by the name UploadError', () => {
    const code = `
      const { inspect } = require('node:util')
      import('s3-upstream').then(esm => {
        const classes = [require('s3-upstream').UploadError, esm.UploadError]
        const texts = classes.map(UploadError => inspect(new UploadError('ABORTED', 'text')).split('\\n')[0])
        console.log(JSON.stringify([...texts, ...classes.map(({ name }) => name)]))
      })`
    const text = 'UploadError: text'
    expect(run('logs.cjs', code)).toEqual([text, text, 'UploadError', 'UploadError'])
  })

  it.each(['s3-upstream', 's3-upstream/express', 's3-upstream/koa', 's3-upstream/http'])(
    'loads no SDK with %s',
    name => {
      const code = `require('${name}'); console.log(JSON.stringify(Object.keys(require.cache).filter(path => /aws-sdk|smithy/.test(path))))`
      expect(run('lazy.cjs', code)).toEqual([])
    },
  )

  it.each([
    [
      'upload.mjs',
      (name: string) => `const { ${ENTRIES[name as keyof typeof ENTRIES].at(-1)} } = await import('${name}')`,
    ],
    [
      'upload.cjs',
      (name: string) => `const { ${ENTRIES[name as keyof typeof ENTRIES].at(-1)} } = require('${name}')`,
    ],
  ])('uploads: %s', (file, load) => {
    const code = `
      ${load('s3-upstream/testing')}
      ${load('s3-upstream/http')}
      ${load('s3-upstream/lib-storage')}
      async function main() {
        const { createServer } = await import('node:http')
        const s3 = await startS3({ buckets: ['uploads'] })
        const sizes = []
        for (const uploader of [undefined, libStorage()]) {
          const server = createServer(s3Upload('uploads', { client: s3.client, uploader })).listen(0, '127.0.0.1')
          await new Promise(resolve => server.once('listening', resolve))
          const form = new FormData()
          form.append('f', new Blob([Buffer.alloc(6 << 20)]), 'f.bin')
          const response = await fetch('http://127.0.0.1:' + server.address().port, { method: 'POST', body: form })
          sizes.push([response.status, (await response.json()).files[0].size])
          server.close()
          server.closeAllConnections()
        }
        await s3.close()
        console.log(JSON.stringify(sizes))
      }
      main()`
    expect(run(file, code)).toEqual([
      [201, 6 << 20],
      [201, 6 << 20],
    ])
  })

  it('has one file for browsers, which needs nothing else and gives no type of Node away', () => {
    const read = (name: string) =>
      readFileSync(join(installed.dir, 'node_modules/s3-upstream/dist', name), 'utf8')
    expect(read('client.js')).not.toMatch(/\b(import|require)\b|process\.|\bBuffer\b/)
    expect(read('client.d.ts')).not.toMatch(/\b(import|require)\b|NodeJS|\bBuffer\b/)
  })

  it('passes publint', () => {
    expect(bin('publint', ['--strict', '--pack', 'npm'])).toContain('All good')
  })

  it('has types that resolve for every module system', () => {
    expect(bin('attw', ['--pack', '.', '--profile', 'node16'])).toContain('No problems found')
  })

  it.each([
    ['nodenext', 'a.mts'],
    ['nodenext', 'a.cts'],
    ['bundler', 'a.ts'],
  ])('is typed for TypeScript with moduleResolution %s: %s', (moduleResolution, file) => {
    writeFileSync(join(installed.dir, file), TYPED)
    const module = moduleResolution === 'bundler' ? 'esnext' : 'nodenext'
    const flags = ['--noEmit', '--strict', '--skipLibCheck', '--types', 'node', '--target', 'es2022']
    const tsc = [...flags, '--module', module, '--moduleResolution', moduleResolution, file]
    expect(bin('tsc', tsc, installed.dir)).toBe('')
  })
})

/** What users write; each `@ts-expect-error` is an error that their compiler must show them. */
const TYPED = `
import { createServer } from 'node:http'
import { S3Client } from '@aws-sdk/client-s3'
import express from 'express'
import Koa from 'koa'
import { checkStorage, type StorageCheck, streamToS3, UploadError, type UploadResult } from 's3-upstream'
import { s3Upload } from 's3-upstream/express'
import { type Answers, type ResultOf, UploadError as ClientError, upload, type UploadResult as ClientResult } from 's3-upstream/client'
import { s3Upload as httpUpload } from 's3-upstream/http'
import { s3Upload as koaUpload } from 's3-upstream/koa'
import { libStorage } from 's3-upstream/lib-storage'
import { startS3 } from 's3-upstream/testing'

const app = express()
app.post('/a', s3Upload('b'))
app.post('/b', s3Upload('b', { respond: false, maxFileSize: '25MB', uploader: libStorage() }), (request, response) => {
  const upload: UploadResult | undefined = request.upload
  response.json(upload?.files[0]?.key)
})
app.post('/c', s3Upload({ bucket: 'b', key: (file, { request }) => request.path + file.filename, client: new S3Client({}) }))
new Koa().use(koaUpload('b', { key: async (file, { ctx }) => ctx.state.user + file.field }))
createServer(httpUpload('b', { params: { ContentType: 'text/plain', StorageClass: 'STANDARD_IA' } }))
createServer(httpUpload('b', { params: () => ({ ChecksumAlgorithm: 'CRC32', ChecksumType: 'FULL_OBJECT' }) }))
export const start = async (): Promise<StorageCheck[]> => (await checkStorage({ bucket: 'b', prefix: 'a/' })).checks
createServer(async (request, response) => {
  const result: UploadResult = await streamToS3(request, { bucket: 'b' })
  response.end(result.files.length)
})
const avatarRoute = s3Upload('b', { accept: 'image/*' })
app.post('/avatar', avatarRoute)
export async function page(): Promise<string | undefined> {
  const result = await upload<typeof avatarRoute>('/avatar', new Blob([]), { onProgress: ({ ratio }) => ratio.toFixed() })
  const same: UploadResult & ClientResult = result
  const own = await upload<Answers<{ id: number }>>('/own', [])
  own.id.toFixed()
  return same.files[0]?.key
}
const handsOn = s3Upload('b', { respond: false })
// @ts-expect-error what a handler answers by itself is not known
export const unknown: ResultOf<typeof handsOn> & string = 1
export const limitOf = (error: unknown) => (error instanceof ClientError ? error.limit : 0)
export const codeOf = (error: unknown) => (error instanceof UploadError ? error.code === 'FILE_TOO_LARGE' : startS3)

// @ts-expect-error unknown option
s3Upload('b', { maxSize: 1 })
// @ts-expect-error a size that cannot be read
s3Upload('b', { maxFileSize: '25 potatoes' })
// @ts-expect-error a parameter that is not the user's
s3Upload('b', { params: { Key: 'a' } })
// @ts-expect-error no such type of checksum
s3Upload('b', { params: { ChecksumType: 'WHOLE' } })
// @ts-expect-error a checksum of bytes that are not known yet
s3Upload('b', { params: { ChecksumSHA256: '' } })
// @ts-expect-error nobody to hand on to
httpUpload('b', { respond: false })
// @ts-expect-error no such option
upload('/', [], { onprogress() {} })
// @ts-expect-error no such code
new UploadError('NO_SUCH_CODE', '')
`
