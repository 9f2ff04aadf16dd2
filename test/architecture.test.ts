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

const importersOf = (name: string) =>
  imports.filter(({ to, typeOnly }) => to === name && !typeOnly).map(({ from }) => from)

describe('imports', () => {
  it('are found', () => {
    expect(imports.length).toBeGreaterThan(100)
    expect(imports).toContainEqual({ from: 'adapters/http.ts', to: 'src/stream-to-s3.ts', typeOnly: false })
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
    ['busboy', ['src/parse-multipart.ts']],
    ['@aws-sdk/lib-storage', ['src/lib-storage.ts']],
    // The core loads the SDK with the first upload, by import() in src/sdk.ts.
    ['@aws-sdk/client-s3', ['testing/start-s3.ts']],
    ['express', []],
    ['koa', []],
    ['src/part-writer.ts', ['src/settings.ts']],
    ['src/stage-file.ts', ['src/stream-to-s3.ts']],
  ])('let only its owner import %s', (name, owners) => {
    expect(importersOf(name)).toEqual(owners)
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

it('every file of the core has its row in docs/architecture.md', () => {
  const picture = readFileSync(join(ROOT, 'docs/architecture.md'), 'utf8')
  const missing = files.filter(file => file.startsWith('src/') && !picture.includes(file.replace('src/', '')))
  expect(missing.filter(file => !['src/index.ts', 'src/types.ts'].includes(file))).toEqual([])
})
