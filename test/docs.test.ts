import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { inspect } from 'node:util'
import ts from 'typescript'
import { describe, expect, it } from 'vitest'
import { OPTIONS, type Option } from '../src/options/option-table.ts'
import { PROBLEMS } from '../src/shared/errors.ts'

const ROOT = resolve(import.meta.dirname, '..')
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(join(ROOT, 'docs'))
    .filter(isPage)
    .map(name => `docs/${name}`),
]
const read = (page: string) => readFileSync(join(ROOT, page), 'utf8')

function isPage(name: string): boolean {
  return name.endsWith('.md')
}

/** Returns the row of an option in README. */
function optionRow([name, option]: [string, Option]): string {
  const defaultText = option.defaultText ?? `\`${inspect(option.default)}\``
  return `| \`${name}\` | ${defaultText} | ${option.doc} |`.replace('|  |', '| |')
}

describe('code in the docs', () => {
  const blocks = pages.flatMap(page =>
    [...read(page).matchAll(/^( *)```ts\n(.*?)^ *```$/gms)].map(([, , code], index) => ({
      name: `${page} #${index + 1}`,
      path: join(ROOT, 'test', `docs-${page.replaceAll('/', '-')}-${index + 1}.ts`),
      code: `${code}\nexport {}\n`,
    })),
  )
  const diagnose = typeCheck(new Map(blocks.map(({ path, code }) => [path, code])))

  it('exists', () => {
    expect(blocks.length).toBeGreaterThan(8)
  })

  it.each(blocks)('compiles: $name', ({ path }) => {
    expect(diagnose(path)).toEqual([])
  })
})

/** Compiles files that exist in memory only, with the tsconfig.json of this project. */
function typeCheck(files: Map<string, string>): (path: string) => string[] {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile)
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT)
  // Some of the code runs in a browser.
  options.lib?.push('lib.dom.d.ts', 'lib.dom.iterable.d.ts')
  const host = ts.createCompilerHost(options)
  const { fileExists, readFile, getSourceFile } = host
  host.fileExists = path => files.has(path) || fileExists(path)
  host.readFile = path => files.get(path) ?? readFile(path)
  host.getSourceFile = (path, language, ...rest) => {
    const code = files.get(path)
    return code === undefined
      ? getSourceFile.call(host, path, language, ...rest)
      : ts.createSourceFile(path, code, language)
  }
  const program = ts.createProgram([...files.keys()], options, host)
  return path =>
    ts
      .getPreEmitDiagnostics(program, program.getSourceFile(path))
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
}

describe('the docs', () => {
  it('start with the two commands, then Express, Koa, node:http and the options', () => {
    const order = [
      'npm ci && npm run demo',
      'npm ci && npm test',
      "'s3-upstream/express'",
      "'s3-upstream/koa'",
      "'s3-upstream/http'",
      '## Options',
    ]
    const places = order.map(text => read('README.md').indexOf(text))
    expect(places).toEqual([...places].sort((a, b) => a - b))
    expect(places).not.toContain(-1)
  })

  it('list every option with its default and its description in README', () => {
    const rows = read('README.md').match(/^\| `\w+` \|.*$/gm)
    expect(rows).toEqual(Object.entries<Option>(OPTIONS).map(optionRow))
  })

  it('list every error code with its status', () => {
    const rows = [...read('docs/errors.md').matchAll(/^\| `([A-Z_]+)` \| (\d+) \|/gm)]
    const documented = rows.map(([, code, status]) => [code, Number(status)])
    expect(documented).toEqual(Object.entries(PROBLEMS).map(([code, { status }]) => [code, status]))
  })

  it.each(pages)('name only test files that exist: %s', page => {
    const paths = [...read(page).matchAll(/`(test\/[^`<]+)`/g)].map(([, path]) => path as string)
    for (const path of paths) expect(existsSync(join(ROOT, path)), path).toBe(true)
  })

  it.each(pages)('link only to files that exist: %s', page => {
    const links = [...read(page).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map(
      ([, link]) => link as string,
    )
    for (const link of links)
      expect(ts.sys.fileExists(target(link)) || ts.sys.directoryExists(target(link)), link).toBe(true)

    function target(link: string): string {
      return join(ROOT, dirname(page), link)
    }
  })
})
