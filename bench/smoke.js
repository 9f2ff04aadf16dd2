import { contestants } from './contestants/index.js'
import { openLab } from './lab/lab.js'
import { prepareLibrary } from './lab/library.js'
import { killChildren } from './processes/child.js'

/** Checks that the benchmark works: every contestant stores small and larger files, over http and https. */
const SMALL_BYTES = 100e3
const LARGE_BYTES = 12e6

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, exitNow)
prepareLibrary({ build: !process.argv.includes('--no-build') })
const counts = { passed: 0, failed: 0 }
await Promise.all([false, true].map(checkAll))
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed\n`)
process.exitCode = counts.failed > 0 ? 1 : 0

/** Checks all contestants over http or https. Each protocol has its own lab, so that both can run at once. */
async function checkAll(secure) {
  const lab = await openLab()
  try {
    for (const contestant of Object.keys(contestants)) await check(lab, contestant, secure)
  } finally {
    await lab.close()
  }
}

async function check(lab, contestant, secure) {
  const name = `${contestant} over ${secure ? 'https' : 'http'}`
  try {
    await lab.measure(contestant, {
      secure,
      size: LARGE_BYTES,
      uploads: 2,
      concurrency: 2,
      warmUp: { size: SMALL_BYTES },
    })
    counts.passed++
  } catch (error) {
    counts.failed++
    process.stdout.write(`${name}: ${error.message}\n`)
  }
}

function exitNow() {
  killChildren()
  process.exit(130)
}
