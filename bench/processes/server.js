import { readFileSync } from 'node:fs'
import { contestants } from '../contestants/index.js'
import { answerQuestions, listen, settings } from './answer.js'

/** Runs one contestant and tells what it costs: CPU time of the whole process, and the peak of its memory. */
const SAMPLE_INTERVAL = 25

let cpuBefore
let peak = 0
let sampler

function sample() {
  peak = Math.max(peak, process.memoryUsage.rss())
}

/** The kernel's own mark sees peaks between two samples; not every system has one. */
function highWaterMark() {
  try {
    const [, kilobytes] = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))
    return Number(kilobytes) * 1024
  } catch {
    return 0
  }
}

answerQuestions({
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
    sampler = setInterval(sample, SAMPLE_INTERVAL)
  },
  end() {
    clearInterval(sampler)
    sample()
    const { user, system } = process.cpuUsage(cpuBefore)
    return { cpuSeconds: (user + system) / 1e6, sampledRSS: peak, peakRSS: Math.max(peak, highWaterMark()) }
  },
})
