import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from './temporary.js'

const MAX_ROWS = 12

/**
 * Runs a contestant under Node's profiler, and sums the busy time of its main thread by function and by owner (a
 * package, Node or native code).
 */
export async function profile(lab, contestant, work) {
  const folder = temporaryFolder()
  const cost = await lab.measure(contestant, work, {
    execArgv: ['--cpu-prof', '--cpu-prof-dir', folder],
  })
  const [file] = readdirSync(folder)
  const times = selfTimes(JSON.parse(readFileSync(join(folder, file), 'utf8')))
  return { cost, functions: shares(times, nameOf), owners: shares(times, ownerOf) }
}

/** Returns `[call frame, microseconds]` for every function, without idle time. */
function selfTimes({ nodes, samples, timeDeltas }) {
  const times = new Map()
  for (const [index, id] of samples.entries()) times.set(id, (times.get(id) ?? 0) + timeDeltas[index])
  return nodes
    .filter(({ callFrame }) => callFrame.functionName !== '(idle)')
    .map(({ id, callFrame }) => [callFrame, times.get(id) ?? 0])
}

function shares(times, nameOfFrame) {
  const sums = new Map()
  let total = 0
  for (const [frame, time] of times) {
    const name = nameOfFrame(frame)
    sums.set(name, (sums.get(name) ?? 0) + time)
    total += time
  }
  const sorted = [...sums].sort(([, a], [, b]) => b - a).slice(0, MAX_ROWS)
  return sorted.map(([name, time]) => ({ name, share: time / total }))
}

/** Returns the package of a function, Node's JavaScript, or a name for native code and the garbage collector. */
function ownerOf({ functionName, url }) {
  if (functionName === '(garbage collector)') return 'garbage collection'
  if (url === '') return 'native code: sockets, TLS, copies'
  if (url === 'node:internal/crypto/hash') return 'SHA-256'
  if (url === 'node:zlib') return 'CRC32'
  if (url.startsWith('node:')) return "Node's JavaScript"
  const [, name] = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? []
  return name?.replace(/^(@aws-sdk|@smithy)\/.*/, 'AWS SDK') ?? 'the program itself'
}

/** Returns the name and place of a function, without absolute paths. */
function nameOf({ functionName, url, lineNumber }) {
  if (url === '') return functionName || '(native)'
  const place = url.startsWith('node:') ? url : url.replace(/^.*\/(?:node_modules|bench)\//, '')
  return `${functionName || '(anonymous)'} ${place}:${lineNumber + 1}`
}
