import { execFileSync } from 'node:child_process'
import { existsSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { build, type Format } from 'esbuild'
import { afterAll, describe, expect, it } from 'vitest'
import { type Installation, installPackage } from './install.ts'

const ROOT = resolve(import.meta.dirname, '../..')
const installations: Installation[] = []
afterAll(() => {
  for (const { remove } of installations) remove()
})

function install(without: string[] = []): string {
  const installation = installPackage(without)
  installations.push(installation)
  return installation.dir
}

/** What a program needs to upload one small file without a server. */
const REQUEST = `
  const form = '--x\\r\\nContent-Disposition: form-data; name="f"; filename="a"\\r\\n\\r\\nhello\\r\\n--x--\\r\\n'
  const headers = { 'content-type': 'multipart/form-data; boundary=x' }
  const request = () => Object.assign(Readable.from([Buffer.from(form)], { objectMode: false }), { method: 'POST', headers })
`

const APP = `
  import { Readable } from 'node:stream'
  import { streamToS3 } from 's3-upstream'
  import { startS3 } from 's3-upstream/testing'
  ${REQUEST}
  async function main() {
    const s3 = await startS3({ buckets: ['uploads'] })
    const { files } = await streamToS3(request(), { bucket: 'uploads', client: s3.client })
    // The default client comes from the SDK that the library loads by itself.
    process.env.AWS_ENDPOINT_URL_S3 = s3.endpoint
    const byDefault = await streamToS3(request(), { bucket: 'uploads' })
    await s3.close()
    console.log([...files, ...byDefault.files].map(({ size }) => size).join())
  }
  main()
`

const REQUIRE =
  "import { createRequire as makeRequire } from 'node:module'; const require = makeRequire(import.meta.url);"

describe('a server bundled by esbuild', () => {
  const dir = install()
  writeFileSync(join(dir, 'app.mjs'), APP)

  it.each<[Format, boolean]>([
    ['esm', true],
    ['esm', false],
    ['cjs', false],
  ])('as %s, with splitting: %s, uploads', async (format, splitting) => {
    const out = join(dir, `out-${format}-${splitting}`)
    const extension = format === 'esm' ? '.mjs' : '.cjs'
    await build({
      entryPoints: [join(dir, 'app.mjs')],
      bundle: true,
      platform: 'node',
      format,
      splitting,
      outdir: out,
      outExtension: { '.js': extension },
      logLevel: 'error',
      // The SDK finds its copies by the real paths of the links.
      nodePaths: [join(ROOT, 'node_modules')],
      ...(format === 'esm' && { banner: { js: REQUIRE } }),
    })
    const env = {
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test-secret',
      AWS_REGION: 'us-east-1',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
    }
    expect(execFileSync(process.execPath, [join(out, `app${extension}`)], { env, encoding: 'utf8' })).toBe(
      '5,5\n',
    )
  })
})

describe('without @aws-sdk/client-s3', () => {
  const dir = install(['@aws-sdk'])

  it('an upload and checkStorage say what to install', () => {
    expect(existsSync(join(dir, 'node_modules/@aws-sdk'))).toBe(false)
    const code = `
      import { Readable } from 'node:stream'
      import { checkStorage, streamToS3 } from 's3-upstream'
      ${REQUEST}
      const messages = []
      const upload = () => streamToS3(request(), { bucket: 'b' }).catch(({ code, message, leftovers }) => {
        messages.push([code, leftovers.length, message])
      })
      await upload()
      await upload()
      const { ok, checks } = await checkStorage({ bucket: 'b' })
      messages.push(['check', Number(ok), checks[0].hint])
      console.log(JSON.stringify(messages))
    `
    writeFileSync(join(dir, 'missing.mjs'), code)
    const output = execFileSync(process.execPath, ['missing.mjs'], { cwd: dir, encoding: 'utf8' })
    const missing =
      '@aws-sdk/client-s3 cannot be loaded: it is not installed. Run npm install @aws-sdk/client-s3.'
    expect(JSON.parse(output)).toEqual([
      ['STORAGE_FAILED', 0, missing],
      ['STORAGE_FAILED', 0, missing],
      ['check', 0, missing],
    ])
  })
})
