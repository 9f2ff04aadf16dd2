import { rmSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
/** Below the installed packages, so that it finds file-type. */
const BUNDLE = fileURLToPath(new URL('../node_modules/.detection.mjs', import.meta.url))

const NAMES = ['jpg', 'png', 'webp', 'avif', 'mp4', 'mp3', 'pdf', 'docx', 'zip', 'gz', 'csv', 'json', 'svg']
const ROUNDS = 10
const FILES = 500

/** Returns the microseconds that the detection of a type takes for one file, by the kind of file. */
export async function measureDetection() {
  const { detectType, MAX_HEAD_BYTES, CORPUS } = await load()
  const files = NAMES.map(wanted => CORPUS.find(({ name }) => name === wanted))
  const unknown = { name: 'unknown bytes', filename: 'a.bin', bytes: Buffer.from([0x81, 0x02, 0x9f]) }
  const rows = []
  for (const { name, filename, claim, bytes } of [...files, unknown]) {
    const file = { field: 'f', filename, type: claim ?? 'application/octet-stream', contentType: claim }
    const head = fill(bytes, MAX_HEAD_BYTES)
    rows.push({ name, microseconds: await fastest(() => detectType(head, false, file)) })
  }
  return rows
}

/** The types and their files are internal to the library: they are compiled from its sources. */
async function load() {
  const contents = [
    "export { detectType, MAX_HEAD_BYTES } from './src/content/detect-type.ts'",
    "export { CORPUS } from './test/support/type-corpus.ts'",
  ].join('\n')
  const stdin = { contents, resolveDir: ROOT, loader: 'ts' }
  await build({ stdin, bundle: true, platform: 'node', format: 'esm', packages: 'external', outfile: BUNDLE })
  try {
    return await import(pathToFileURL(BUNDLE).href)
  } finally {
    rmSync(BUNDLE)
  }
}

/** Text goes on as text, and bytes as bytes. */
function fill(bytes, length) {
  const isText = bytes.every(byte => byte >= 9 && byte < 0x7f)
  return Buffer.concat([bytes, Buffer.alloc(Math.max(0, length - bytes.length), isText ? ' x' : 0x81)])
}

async function fastest(detect) {
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const start = process.hrtime.bigint()
    for (let file = 0; file < FILES; file++) await detect()
    least = Math.min(least, Number(process.hrtime.bigint() - start) / 1e3 / FILES)
  }
  return least
}
