import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const BENCH = fileURLToPath(new URL('../', import.meta.url))
const INSTALLED = `${BENCH}node_modules/s3-upstream/`

/**
 * Installs the peers from the lock file, and builds and copies the library. The copy goes into `node_modules`, like an
 * installed package, so that it shares the SDK, express and busboy with its peers.
 *
 * @param folder another copy of the project to use instead, for example an older version
 */
export function prepareLibrary({ build = true, folder } = {}) {
  if (!isInstalled()) npm('ci', BENCH)
  const source = folder === undefined ? ROOT : `${resolve(folder)}/`
  if (build) npm('run build', source)
  const library = readPackage(source)
  checkDependencies(library)
  rmSync(INSTALLED, { recursive: true, force: true })
  cpSync(`${source}package.json`, `${INSTALLED}package.json`)
  cpSync(`${source}dist`, `${INSTALLED}dist`, { recursive: true })
}

function isInstalled() {
  const lock = `${BENCH}package-lock.json`
  const installed = `${BENCH}node_modules/.package-lock.json`
  return existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs
}

function npm(command, folder) {
  execFileSync('npm', command.split(' '), {
    cwd: folder,
    // Hides the output of npm. If npm fails, the error includes it.
    stdio: 'pipe',
    shell: process.platform === 'win32',
  })
}

/** Throws if `bench/package.json` lacks a dependency of the library. */
function checkDependencies({ dependencies = {} }) {
  const installed = readPackage(BENCH).dependencies
  const missing = Object.entries(dependencies).filter(([name, range]) => installed[name] !== range)
  if (missing.length === 0) return
  const list = missing.map(([name, range]) => `"${name}": "${range}"`).join(', ')
  throw new Error(`Add the dependencies of the library to bench/package.json: ${list}`)
}

/** Dependencies of the library that make no difference to the figures. */
const OTHERS = ['@standard-schema/spec', 'bytes', 'content-disposition', 'mime-types', 'qs']

/** Returns the versions of the library and its peers. */
export function versions() {
  const { dependencies } = readPackage(BENCH)
  const names = Object.keys(dependencies).filter(name => !OTHERS.includes(name))
  return Object.fromEntries(
    ['s3-upstream', ...names].map(name => [name, readPackage(`${BENCH}node_modules/${name}/`).version]),
  )
}

function readPackage(folder) {
  return JSON.parse(readFileSync(`${folder}package.json`, 'utf8'))
}
