import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const ROOT = resolve(import.meta.dirname, '../..')

export interface Installation {
  dir: string
  /** What the package contains. */
  files: string[]
  remove(): void
}

/** Packs this package as `npm publish` would, and unpacks it into the `node_modules` of an empty project. */
export function installPackage(): Installation {
  const dir = mkdtempSync(join(tmpdir(), 's3-upstream-package-'))
  const modules = join(dir, 'node_modules')
  const target = join(modules, 's3-upstream')
  mkdirSync(target, { recursive: true })
  const packed = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', dir], {
    cwd: ROOT,
    encoding: 'utf8',
  })
  const [{ filename, files }] = JSON.parse(packed) as [{ filename: string; files: { path: string }[] }]
  execFileSync('tar', ['-xzf', join(dir, filename), '-C', target, '--strip-components=1'])
  // Beside it, what the user would have installed too: all that this project has.
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (!name.startsWith('.')) symlinkSync(join(ROOT, 'node_modules', name), join(modules, name))
  }
  return { dir, files: files.map(({ path }) => path), remove: () => rmSync(dir, { recursive: true }) }
}
