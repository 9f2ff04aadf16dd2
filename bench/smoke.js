import { contestants } from './contestants/index.js'
import { openLab } from './lab/lab.js'
import { prepareLibrary } from './lab/library.js'
import { killChildren } from './processes/child.js'

/** Checks that the benchmark works: every contestant stores a small and a larger file, over http and https. */
const SIZES = [100e3, 12e6]

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, leaveAtOnce)
prepareLibrary({ build: !process.argv.includes('--no-build') })
const counts = { passed: 0, failed: 0 }
await Promise.all([false, true].map(checkAll))
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`)
process.exitCode = counts.failed > 0 ? 1 : 0

/** http and https each have their own lab, so that they can run at the same time. */
async function checkAll(secure) {
  const lab = await openLab()
  try {
    for (const contestant of Object.keys(contestants)) await check(lab, contestant, secure)
  } finally {
    await lab.close()
  }
}

async function check(lab, contestant, secure) {
  const [warmUp, size] = SIZES
  const place = `${contestant} over ${secure ? 'https' : 'http'}`
  try {
    await lab.measure(contestant, { secure, size, uploads: 2, concurrency: 2, warmUp: { size: warmUp } })
    counts.passed++
  } catch (error) {
    counts.failed++
    process.stdout.write(`${place}: ${error.message}\n`)
  }
}

function leaveAtOnce() {
  killChildren()
  process.exit(130)
}
