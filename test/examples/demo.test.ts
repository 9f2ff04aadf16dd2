import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { copyFile, mkdtemp, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { UploadResult } from 's3-upstream'
import { startS3 } from 's3-upstream/testing'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { MB } from '../support/bytes.ts'
import { environmentFor } from '../support/environment.ts'
import { areInstalled } from '../support/programs.ts'
import { killPrograms, type Program, runProgram, startProgram } from '../support/run-program.ts'
import { pngOf } from '../support/tiny-files.ts'
import { post, type TestFile } from './support.ts'

const DEMO = 'examples/demo/server.ts'
const NOTE: TestFile = { name: '日本語 "メモ" (1)\'s.txt', type: 'text/plain', bytes: 'こんにちは' }
const PAGE: TestFile = { name: 'page.html', type: 'text/html', bytes: '<script>alert(1)</script>' }

afterEach(killPrograms)

describe('the demo with its own S3', () => {
  let demo: Program

  beforeEach(async () => {
    demo = await startProgram(DEMO, {})
  })

  async function store(file: TestFile, path = '/upload'): Promise<string> {
    const { files } = (await (await post(demo.url + path, [file])).json()) as UploadResult
    return files[0]?.key ?? ''
  }

  function open(key: string): Promise<Response> {
    return fetch(`${demo.url}/files/${encodeURIComponent(key)}`)
  }

  test('serves its page, which needs nothing from elsewhere', async () => {
    const page = new URL('../../examples/demo/page/', import.meta.url)
    for (const name of ['', ...readdirSync(page)]) {
      const response = await fetch(`${demo.url}/${name}`)
      expect(response.headers.get('content-security-policy')).toMatch(/^default-src 'self'/)
      const text = await response.text()
      expect(text).toBe(readFileSync(new URL(name || 'index.html', page), 'utf8'))
      expect(text.replace('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:/)
    }
  })

  test('serves the helper for browsers as one file', async () => {
    const client = await (await fetch(`${demo.url}/client.js`)).text()
    expect(client).toMatch(/export \{[^}]*\bupload\b/)
    expect(client).not.toMatch(/^import/m)
  })

  test('serves the limits of its routes to the page', async () => {
    const script = await (await fetch(`${demo.url}/limits.js`)).text()
    expect(JSON.parse(script.replace('export default ', ''))).toEqual({
      '/upload': { accept: ['image/*', 'text/*', 'application/pdf'], maxFileSize: '10MB', maxFiles: 5 },
      '/upload/anything': { maxFileSize: '5GB', maxFiles: 1 },
    })
  })

  test.each(['/none', '/../server.ts', '/%2e%2e/server.ts', '//', '/files/%'])('has no %s', async path => {
    const socket = connect(Number(new URL(demo.url).port), '127.0.0.1')
    socket.end(`GET ${path} HTTP/1.1\r\nHost: demo\r\nConnection: close\r\n\r\n`)
    const [answer] = await once(socket.setEncoding('utf8'), 'data')
    expect(answer).toMatch(/^HTTP\/1.1 (404|400|502) /)
  })

  test('tells what the server does, live', async () => {
    const controller = new AbortController()
    const { body } = await fetch(`${demo.url}/activity`, { signal: controller.signal })
    await store(NOTE)
    let events = ''
    for await (const chunk of body as ReadableStream<Uint8Array>) {
      events += Buffer.from(chunk)
      if (/"received":15,"stored":15,"parts":1,/.test(events)) break
    }
    controller.abort()
    const [first] = events.split('\n\n')
    const { memory, budget, server } = JSON.parse(first?.replace('data: ', '') ?? '')
    expect(server).toBe('Express')
    expect(memory).toBeGreaterThan(1e7)
    expect(budget).toMatchObject({ inUse: 0, waiting: 0, size: expect.any(Number) })
  })

  test('lists what was uploaded', async () => {
    const first = await store(NOTE)
    const second = await store(PAGE, '/upload/anything')

    const { storage, files } = (await (await fetch(`${demo.url}/files`)).json()) as UploadResult & {
      storage: string
    }

    expect(storage).toContain('the built-in S3 server')
    expect(files.map(({ key }) => key).sort()).toEqual([first, second].sort())
    expect(files).toContainEqual({
      key: first,
      filename: NOTE.name,
      type: 'text/plain',
      size: 15,
      kept: true,
    })
  })

  test('opens a file under its own name', async () => {
    const response = await open(await store(NOTE))

    expect(response.status).toBe(200)
    expect(await response.text()).toBe(NOTE.bytes)
    expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8')
    const [kind, name = ''] = response.headers.get('content-disposition')?.split("; filename*=UTF-8''") ?? []
    expect(kind).toBe('inline')
    expect(name).toMatch(/^[\w.%-]+$/)
    expect(decodeURIComponent(name)).toBe(NOTE.name)
  })

  test('does not let an uploaded page become a page of its own', async () => {
    const response = await open(await store(PAGE, '/upload/anything'))

    expect(await response.text()).toBe(PAGE.bytes)
    expect(response.headers.get('content-security-policy')).toMatch(/^sandbox; default-src 'none'/)
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(response.headers.get('content-disposition')).toMatch(/^attachment;/)
  })

  test.each(['s3-upstream-demo/none.txt', 'elsewhere/secret.txt'])('has no file %s', async key => {
    expect((await open(key)).status).toBe(404)
  })

  test('says what is wrong with a file that is too large', async () => {
    const large = { name: 'large.png', type: 'image/png', bytes: new Uint8Array(pngOf(11 * 1024 ** 2)) }

    const response = await post(`${demo.url}/upload`, [NOTE, large])

    expect(response.status).toBe(413)
    expect(await response.json()).toMatchObject({
      code: 'FILE_TOO_LARGE',
      detail: 'large.png is larger than 10 MB.',
    })
    expect(await (await fetch(`${demo.url}/files`)).json()).toMatchObject({ files: [] })
  })

  test('prints commands for its own address', async () => {
    const commands = demo.stdout.match(/curl .*/g) ?? []

    expect(commands.length).toBeGreaterThan(2)
    for (const command of commands) expect(command).toContain(`${demo.url}/`)
  })

  test.runIf(areInstalled(['curl'], 'the commands that the demo prints'))(
    'prints commands that do what it says',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 's3-upstream-'))
      onTestFinished(() => rm(folder, { recursive: true }))
      for (const file of ['LICENSE', 'package.json']) await copyFile(file, join(folder, file))
      const commands = demo.stdout.match(/^ {4}\S.*\/upload.*/gm) ?? []
      const outcomes: unknown[] = []
      for (const command of commands) {
        const shorter = command.replace('2147483648', `${20 * MB}`)
        const { stdout } = await promisify(execFile)('sh', ['-c', shorter], { cwd: folder })
        const { code, files } = JSON.parse(stdout)
        outcomes.push(code ?? files?.[0]?.size)
      }
      const { size } = await stat('LICENSE')
      expect(outcomes).toEqual([size, 'TYPE_NOT_ACCEPTED', 'FILE_TOO_LARGE', 20 * MB])
    },
  )

  test.each(['SIGTERM', 'SIGINT'] as const)('ends on %s, whatever is still open', async signal => {
    const { hostname, port } = new URL(demo.url)
    const idle = connect(Number(port), hostname).on('error', () => {})
    const stalled = connect(Number(port), hostname).on('error', () => {})
    stalled.write(
      'POST /upload HTTP/1.1\r\nHost: demo\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n' +
        'Content-Type: multipart/form-data; boundary=b\r\n\r\n',
    )
    await once(stalled, 'data')

    expect(await demo.end(signal)).toMatchObject({ code: 0, signal: null })

    idle.destroy()
    stalled.destroy()
  })
})

test('the demo stores in the bucket that S3_BUCKET and S3_ENDPOINT name', async () => {
  const s3 = await startS3({ buckets: ['my-bucket'] })
  try {
    const { AWS_ENDPOINT_URL_S3, ...credentials } = environmentFor(s3)
    const demo = await startProgram(DEMO, {
      ...credentials,
      S3_BUCKET: 'my-bucket',
      S3_ENDPOINT: s3.endpoint,
    })

    const response = await post(`${demo.url}/upload`, [NOTE])

    expect(response.status).toBe(201)
    expect(s3.objects('my-bucket').map(({ body }) => body.toString())).toEqual([NOTE.bytes])
    expect(demo.stdout).toContain(`bucket "my-bucket" at ${s3.endpoint}`)
    expect(await (await fetch(`${demo.url}/files`)).json()).toMatchObject({
      files: [{ filename: NOTE.name }],
    })
    expect(await demo.end()).toMatchObject({ code: 0, stderr: '' })
  } finally {
    await s3.close()
  }
})

test('the demo says so in one line when its port is in use', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  try {
    expect(await runProgram(DEMO, { PORT: String(port) })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `Port ${port} is in use. Use another port: PORT=${port + 1} npm run demo\n`,
    })
  } finally {
    other.close()
  }
})

test.each([
  ['express', 'Express'],
  ['koa', 'Koa'],
  ['http', 'node:http'],
])('the demo behind --server %s', async (server, name) => {
  const demo = await startProgram(DEMO, {}, ['--server', server])
  expect(demo.stdout).toContain(`Server:  ${name} `)
  expect((await post(`${demo.url}/upload`, [NOTE])).status).toBe(201)
  expect((await post(`${demo.url}/upload/anything`, [{ ...NOTE, type: 'a/b' }])).status).toBe(201)
  expect((await post(`${demo.url}/upload`, [PAGE])).status).toBe(415)
  const { files } = (await (await fetch(`${demo.url}/files`)).json()) as UploadResult
  expect(files).toHaveLength(2)
  expect((await fetch(`${demo.url}/files`, { method: 'DELETE' })).status).toBe(405)
  expect(await demo.end('SIGINT')).toMatchObject({ code: 0, signal: null })
})

test('the demo says which servers there are', async () => {
  expect(await runProgram(DEMO, {}, ['--server', 'hapi'])).toMatchObject({
    code: 1,
    stdout: '',
    stderr: 'Unknown server "hapi". Use one of: express, koa, http.\n',
  })
})
