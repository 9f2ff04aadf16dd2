import { readFileSync } from 'node:fs'
import { contestants } from '../contestants/index.js'
import { handleCalls, listen, settings } from './handlers.js'

/** Runs one contestant and measures its cost: CPU time and peak memory of the whole process. */
const SAMPLE_INTERVAL_MS = 25

let cpuBefore
let peak = 0
let sampler

function sample() {
  peak = Math.max(peak, process.memoryUsage.rss())
}

/** Returns the peak from the Linux kernel, which includes peaks between two samples; 0 on other systems. */
function highWaterMark() {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))
    return Number(kilobytes) * 1024
  } catch {
    return 0
  }
}

handleCalls({
  async start() {
    const { server, options } = contestants[settings.contestant]
    const { create } = await import(`../contestants/${server}`)
    const app = await create({ ...settings, options: { ...options, ...settings.options } })
    app.requestTimeout = 0
    return listen(app)
  },
  begin() {
    cpuBefore = process.cpuUsage()
    peak = 0
    sample()
    sampler = setInterval(sample, SAMPLE_INTERVAL_MS)
  },
  end() {
    clearInterval(sampler)
    sample()
    const { user, system } = process.cpuUsage(cpuBefore)
    return { cpuSeconds: (user + system) / 1e6, sampledRSS: peak, peakRSS: Math.max(peak, highWaterMark()) }
  },
})
