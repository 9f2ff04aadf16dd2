import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = resolve(import.meta.dirname, '..')
const files = ['src', 'adapters', 'client', 'testing'].flatMap(folder =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter(path => path.endsWith('.ts'))
    .map(path => join(folder, path)),
)

interface Import {
  from: string
  /** A file of this project, or the name of a package. */
  to: string
  typeOnly: boolean
}

const imports: Import[] = files.flatMap(from => {
  const code = readFileSync(join(ROOT, from), 'utf8')
  return [...code.matchAll(/^(?:import|export)( type)? (?:[^'"]*? from )?'([^']+)'/gms)].map(
    ([, type, name = '']) => ({
      from,
      to: name.startsWith('.') ? relative(ROOT, resolve(ROOT, dirname(from), name)) : name,
      typeOnly: type !== undefined,
    }),
  )
})

/** The folders of src/, each with those that it may import from. */
const LEAVES = ['content', 'form', 'memory', 's3', 'shared']
const ROOMS: [room: string, below: string[]][] = [
  ['entry', ['upload', 'http', 'options', 'policy', 'storage', ...LEAVES]],
  ['upload', ['http', 'options', 'policy', 'storage', ...LEAVES]],
  ['http', ['options', 'policy', 'storage', ...LEAVES]],
  ['options', ['policy', 'storage', ...LEAVES]],
  ['policy', LEAVES],
  ['storage', LEAVES],
  ['content', ['shared']],
  ['form', ['shared']],
  ['memory', ['shared']],
  ['s3', ['shared']],
  ['shared', []],
]

/** `form` for `src/form/fields.ts`; `entry` for the files that stand in `src/` itself. */
function roomOf(file: string): string {
  return /^src\/(\w+)\//.exec(file)?.[1] ?? 'entry'
}

const importersOf = (name: string) =>
  imports.filter(({ to, typeOnly }) => to === name && !typeOnly).map(({ from }) => from)

describe('imports', () => {
  it('are found', () => {
    expect(imports.length).toBeGreaterThan(100)
    expect(imports).toContainEqual({
      from: 'adapters/http.ts',
      to: 'src/upload/create-adapter.ts',
      typeOnly: false,
    })
  })

  it.each(ROOMS)('of %s run down only', (room, below) => {
    const ofRoom = imports.filter(({ from, to }) => roomOf(from) === room && to.startsWith('src/'))
    expect(ofRoom.length).toBeGreaterThan(0)
    expect(ofRoom.filter(({ to }) => ![room, ...below].includes(roomOf(to)))).toEqual([])
  })

  it('start in rooms that are known', () => {
    const known = ROOMS.map(([room]) => room)
    expect(files.filter(file => file.startsWith('src/') && !known.includes(roomOf(file)))).toEqual([])
  })

  it('run from adapters to the core, and never back', () => {
    const wrong = imports.filter(
      ({ from, to }) => from.startsWith('src/') && /^(adapters|testing)\//.test(to),
    )
    expect(wrong).toEqual([])
  })

  it('keep the S3 server for tests apart', () => {
    const wrong = imports.filter(
      ({ from, to }) => from.startsWith('testing/') && /^(src|adapters)\//.test(to),
    )
    expect(wrong).toEqual([])
  })

  it('of the browser helper are of itself, and of types of the core', () => {
    const ofClient = imports.filter(({ from }) => from.startsWith('client/'))
    expect(ofClient.length).toBeGreaterThan(10)
    const wrong = ofClient.filter(
      ({ to, typeOnly }) => !to.startsWith('client/') && !(typeOnly && to.startsWith('src/')),
    )
    expect(wrong).toEqual([])
    expect(imports.filter(({ from, to }) => !from.startsWith('client/') && to.startsWith('client/'))).toEqual(
      [],
    )
  })

  it.each([
    ['busboy', ['src/form/canonical-parser.ts']],
    ['@aws-sdk/lib-storage', ['src/storage/lib-storage.ts']],
    // The core loads the SDK with the first upload, by import() in src/s3/sdk.ts.
    ['@aws-sdk/client-s3', ['testing/start-s3.ts']],
    ['express', []],
    ['koa', []],
    ['src/storage/part-writer.ts', ['src/options/option-table.ts']],
    ['src/upload/stage-file.ts', ['src/upload/upload-form.ts']],
  ])('let only its owner import %s', (name, owners) => {
    expect(importersOf(name)).toEqual(owners)
  })

  it('use no private names, of this library or of busboy and streamsearch', () => {
    // `_charset_` is the name of a form field (RFC 7578, 4.6), `_rels` that of a folder in Office documents.
    const names = /(?<![\w`])_(?!charset_|rels\b)[a-z]\w*/i
    const code = (file: string) => readFileSync(join(ROOT, file), 'utf8')
    expect(files.filter(file => /^(src|adapters)\//.test(file) && names.test(code(file)))).toEqual([])
  })

  it('have no cycle, not even of types', () => {
    const edges = new Map(files.map(file => [file, imports.filter(({ from }) => from === file)]))
    const done = new Set<string>()
    const cycles: string[][] = []

    function visit(file: string, path: string[]): void {
      if (path.includes(file)) cycles.push([...path.slice(path.indexOf(file)), file])
      if (path.includes(file) || done.has(file)) return
      for (const { to } of edges.get(file) ?? []) visit(to, [...path, file])
      done.add(file)
    }
    for (const file of files) visit(file, [])
    expect(cycles).toEqual([])
  })
})
