import { contestants } from '../contestants/index.js'
import { startChild } from '../processes/child.js'
import { formLength } from '../processes/form.js'
import { makeCertificate } from './certificate.js'

/** Nothing here takes that long, unless a contestant answers no more. */
const TIME_LIMIT = 10 * 60_000

/** Storage and load generator, each a process of its own, for as long as the benchmark runs. */
export async function openLab() {
  const { keyFile, certFile, cert } = makeCertificate()
  const storage = startChild('storage.js', { keyFile, certFile })
  const load = startChild('load.js', {})
  const ports = await storage.ask('start')

  /** Has a contestant do some work in a fresh process, and returns what it took. */
  async function measure(contestant, work, { execArgv } = {}) {
    const protocol = work.secure ? 'https' : 'http'
    const endpoint = `${protocol}://127.0.0.1:${ports[protocol]}`
    const settings = { contestant, endpoint, ca: cert, options: work.options }
    const server = startChild('server.js', settings, { execArgv, env: { NODE_EXTRA_CA_CERTS: certFile } })
    const timer = setTimeout(() => server.end(), TIME_LIMIT)
    try {
      const port = await server.ask('start')
      await storage.ask('prepare', { delay: 0 })
      await sendAndCheck({ uploads: 1, size: work.size, ...work.warmUp }, port, contestant)
      await storage.ask('prepare', { delay: work.delay ?? 0 })
      await server.ask('begin')
      const sent = await sendAndCheck(work, port, contestant)
      return figures(sent, await server.ask('end'), work)
    } finally {
      clearTimeout(timer)
      await server.end()
    }
  }

  async function sendAndCheck(work, port, contestant) {
    const { size, uploads, concurrency = 1, rate } = work
    const sent = await load.ask('run', { port, size, uploads, concurrency, rate })
    if (sent.failed > 0) throw new Error(`${sent.failed} of ${uploads} uploads failed: ${sent.firstError}`)
    const { objects } = await storage.ask('report')
    checkStored(objects, contestants[contestant].stores, work)
    return sent
  }

  return {
    measure,
    async close() {
      await Promise.all([load.end(), storage.end()])
    },
  }
}

/** A contestant that loses or invents bytes is not to be praised for its speed. */
function checkStored(objects, stores, { uploads, size }) {
  if (stores === 'nothing') return
  const expected = stores === 'body' ? formLength(size) : size
  const whole = objects.filter(stored => stored === expected).length
  if (whole === uploads && objects.length === uploads) return
  throw new Error(
    `of ${uploads} files of ${expected} bytes, ${whole} were stored whole (${objects.length} objects)`,
  )
}

function figures(sent, cost, { uploads, size, delay }) {
  const bytes = uploads * size
  return {
    cpuPerGB: cost.cpuSeconds / (bytes / 1e9),
    throughput: bytes / 1e6 / sent.seconds,
    peakRSS: cost.peakRSS / 1e6,
    requestsPerSecond: uploads / sent.seconds,
    cpuPerRequest: (cost.cpuSeconds * 1000) / uploads,
    p50: sent.p50,
    p99: sent.p99,
    fastest: sent.fastest / 1000,
    slowest: sent.slowest / 1000,
    seconds: sent.seconds,
    ...(delay > 0 && { wait: sent.wait, roundTrips: sent.wait / delay }),
  }
}
