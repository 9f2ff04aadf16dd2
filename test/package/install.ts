import { execFile, execFileSync } from 'node:child_process'
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const ROOT = resolve(import.meta.dirname, '../..')
const PROGRAMS = join(import.meta.dirname, 'programs')
const run = promisify(execFile)

export interface Installation {
  dir: string
  /** What the package contains. */
  files: string[]
  remove(): void
}

interface Packed {
  filename: string
  files: { path: string }[]
}

/** Packs this package as `npm publish` would. */
function pack(dir: string): Packed {
  const args = ['pack', '--json', '--ignore-scripts', '--pack-destination', dir]
  const [packed] = JSON.parse(execFileSync('npm', args, { cwd: ROOT, encoding: 'utf8' })) as [Packed]
  return packed
}

/**
 * Packs this package, and unpacks it into the `node_modules` of an empty project.
 *
 * @param without names in `node_modules` that the project does not have
 */
export function installPackage(without: string[] = []): Installation {
  const dir = mkdtempSync(join(tmpdir(), 's3-upstream-package-'))
  const modules = join(dir, 'node_modules')
  const target = join(modules, 's3-upstream')
  mkdirSync(target, { recursive: true })
  const { filename, files } = pack(dir)
  execFileSync('tar', ['-xzf', join(dir, filename), '-C', target, '--strip-components=1'])
  // Beside it, what the user would have installed too: all that this project has.
  for (const name of readdirSync(join(ROOT, 'node_modules'))) {
    if (!name.startsWith('.') && !without.includes(name)) link(name, dir)
  }
  return { dir, files: files.map(({ path }) => path), remove: () => rmSync(dir, { recursive: true }) }
}

/** Gives a project a package that this project has. */
export function link(name: string, dir: string): void {
  symlinkSync(join(ROOT, 'node_modules', name), join(dir, 'node_modules', name))
}

export interface Projects {
  /** Folders by the names of the projects. */
  dirs: Record<string, string>
  remove(): void
}

/** npm processes at once. */
const PARALLEL = 2

/** Installs this package, as it is packed, and others with npm: into an empty project for each name. */
export async function installProjects(packages: Record<string, string[]>): Promise<Projects> {
  const root = mkdtempSync(join(tmpdir(), 's3-upstream-projects-'))
  const { filename } = pack(root)
  const dirs: Record<string, string> = {}
  const waiting = Object.entries(packages)

  async function installNext(): Promise<void> {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [name, specifiers] = next
      const dir = join(root, name)
      dirs[name] = dir
      mkdirSync(dir)
      writeFileSync(join(dir, 'package.json'), '{ "private": true }')
      const flags = ['--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error']
      await run('npm', ['install', ...flags, join(root, filename), ...specifiers], { cwd: dir })
    }
  }
  await Promise.all(Array.from({ length: PARALLEL }, installNext))
  return { dirs, remove: () => rmSync(root, { recursive: true }) }
}

/**
 * Runs a program of `programs/` in a project. Returns what it printed as JSON.
 *
 * @param runtime the command before the name of the program
 */
export async function runIn(
  dir: string,
  program: string,
  args: string[] = [],
  runtime = [process.execPath],
): Promise<unknown> {
  for (const name of ['lib.cjs', program]) copyFileSync(join(PROGRAMS, name), join(dir, name))
  const { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED, PATH, HOME } = process.env
  const env = { AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED, PATH, HOME }
  const [command = '', ...before] = runtime
  const { stdout } = await run(command, [...before, program, ...args], { cwd: dir, env, timeout: 60_000 })
  return JSON.parse(stdout)
}
