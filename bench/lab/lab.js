import { contestants } from '../contestants/index.js'
import { startChild } from '../processes/child.js'
import { formLength } from '../processes/form.js'
import { makeCertificate } from './certificate.js'

/** Ends a contestant that no longer responds. No run takes this long otherwise. */
const RUN_TIMEOUT_MS = 10 * 60_000

/** Starts the storage and the load generator, each in its own process. They run until `close()`. */
export async function openLab() {
  const { keyFile, certFile, cert } = makeCertificate()
  const storage = startChild('storage.js', { keyFile, certFile })
  const load = startChild('load.js', {})
  const ports = await storage.call('start')

  /** Runs the work on a contestant in a new process, and returns its figures. */
  async function measure(contestant, work, { execArgv } = {}) {
    const protocol = work.secure ? 'https' : 'http'
    const endpoint = `${protocol}://127.0.0.1:${ports[protocol]}`
    const settings = { contestant, endpoint, ca: cert, options: work.options }
    const server = startChild('server.js', settings, { execArgv, env: { NODE_EXTRA_CA_CERTS: certFile } })
    const timer = setTimeout(() => server.end(), RUN_TIMEOUT_MS)
    try {
      const port = await server.call('start')
      await storage.call('prepare', { delay: 0 })
      await sendAndCheck({ uploads: 1, size: work.size, ...work.warmUp }, port, contestant)
      await storage.call('prepare', { delay: work.delay ?? 0 })
      await server.call('begin')
      const sent = await sendAndCheck(work, port, contestant)
      return figures(sent, await server.call('end'), work)
    } finally {
      clearTimeout(timer)
      await server.end()
    }
  }

  async function sendAndCheck(work, port, contestant) {
    const { size, uploads, concurrency = 1, rate } = work
    const sent = await load.call('run', { port, size, uploads, concurrency, rate })
    if (sent.failed > 0) throw new Error(`${sent.failed} of ${uploads} uploads failed: ${sent.firstError}`)
    const { objects } = await storage.call('report')
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

/** Throws if the storage did not receive every file complete: figures of a faulty run are not valid. */
function checkStored(objects, stores, { uploads, size }) {
  if (stores === 'nothing') return
  const expected = stores === 'body' ? formLength(size) : size
  const complete = objects.filter(stored => stored === expected).length
  if (complete === uploads && objects.length === uploads) return
  throw new Error(
    `${complete} of ${uploads} files are complete (${expected} bytes each); storage has ${objects.length} objects`,
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
