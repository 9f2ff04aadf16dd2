import { execFileSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const BENCH = fileURLToPath(new URL('../', import.meta.url))
const INSTALLED = `${BENCH}node_modules/s3-upstream/`

/**
 * Makes everything ready to run: the peers from the lock file, the library as it is built now. The library is
 * copied to where an installed one would be, so that it shares the SDK, express and busboy with its peers.
 *
 * @param folder of another copy of the project: an older one, say
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
    // What it has to say is wanted only when it fails; then it is part of the error.
    stdio: 'pipe',
    shell: process.platform === 'win32',
  })
}

/** A dependency that the library gained has to be installed here too. */
function checkDependencies({ dependencies = {} }) {
  const here = readPackage(BENCH).dependencies
  const missing = Object.entries(dependencies).filter(([name, range]) => here[name] !== range)
  if (missing.length === 0) return
  const list = missing.map(([name, range]) => `"${name}": "${range}"`).join(', ')
  throw new Error(`bench/package.json needs what the library depends on: ${list}`)
}

/** Versions of everyone who takes part. */
export function versions() {
  const { dependencies } = readPackage(BENCH)
  const names = Object.keys(dependencies).filter(name => !['bytes', 'mime-types'].includes(name))
  return Object.fromEntries(
    ['s3-upstream', ...names].map(name => [name, readPackage(`${BENCH}node_modules/${name}/`).version]),
  )
}

function readPackage(folder) {
  return JSON.parse(readFileSync(`${folder}package.json`, 'utf8'))
}
