import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { temporaryFolder } from './temporary.js'

const SHOWN = 12

/**
 * Has a contestant work under Node's profiler, and sums up the busy time of its main thread: by function, and by
 * whose function it is.
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

/** `[call frame, microseconds]` for every function, the idle time aside. */
function selfTimes({ nodes, samples, timeDeltas }) {
  const times = new Map()
  for (const [index, id] of samples.entries()) times.set(id, (times.get(id) ?? 0) + timeDeltas[index])
  return nodes
    .filter(({ callFrame }) => callFrame.functionName !== '(idle)')
    .map(({ id, callFrame }) => [callFrame, times.get(id) ?? 0])
}

function shares(times, nameOfFrame) {
  const sums = new Map()
  let all = 0
  for (const [frame, time] of times) {
    const name = nameOfFrame(frame)
    sums.set(name, (sums.get(name) ?? 0) + time)
    all += time
  }
  const sorted = [...sums].sort(([, a], [, b]) => b - a).slice(0, SHOWN)
  return sorted.map(([name, time]) => ({ name, share: time / all }))
}

/** A package, Node's own JavaScript, or what is neither: the collector, native functions, the kernel. */
function ownerOf({ functionName, url }) {
  if (functionName === '(garbage collector)') return 'garbage collection'
  if (url === '') return 'native code: sockets, TLS, copies'
  if (url === 'node:internal/crypto/hash') return 'SHA-256'
  if (url === 'node:zlib') return 'CRC32'
  if (url.startsWith('node:')) return "Node's JavaScript"
  const [, name] = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url) ?? []
  return name?.replace(/^(@aws-sdk|@smithy)\/.*/, 'AWS SDK') ?? 'the program itself'
}

/** Where a function is, without the folders of this machine. */
function nameOf({ functionName, url, lineNumber }) {
  if (url === '') return functionName || '(native)'
  const place = url.startsWith('node:') ? url : url.replace(/^.*\/(?:node_modules|bench)\//, '')
  return `${functionName || '(anonymous)'} ${place}:${lineNumber + 1}`
}
