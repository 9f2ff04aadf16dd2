import { Agent, request as httpRequest } from 'node:http'
import { performance } from 'node:perf_hooks'
import { percentile } from '../lab/stats.js'
import { Form } from './form.js'
import { handleCalls } from './handlers.js'

/** The load generator: sends forms with one file each and measures the response times. */
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
const BLOCK_BYTES = 256 * 1024

/**
 * Sends `uploads` forms with a file of `size` bytes, `concurrency` at once, each at most at `rate` bytes per second.
 * Counts the failures and reports the first error.
 */
async function run({ port, size, uploads, concurrency, rate }) {
  const results = []
  let remaining = uploads
  const started = performance.now()

  async function client() {
    while (remaining-- > 0) results.push(await upload(port, new Form(size), rate))
  }
  await Promise.all(Array.from({ length: concurrency }, client))
  return summarize(results, performance.now() - started)
}

function upload(port, form, rate) {
  return new Promise(resolve => {
    const started = performance.now()
    let sent
    const request = httpRequest({
      host: '127.0.0.1',
      port,
      agent,
      method: 'POST',
      path: '/upload',
      headers: { 'content-type': form.type, 'content-length': form.length },
    })
    const stop = send(request, form, rate)
    request.setNoDelay(true)
    request.once('finish', () => {
      sent = performance.now()
    })
    request.once('error', error => finish({ error: error.message }))
    request.once('response', response => {
      const responded = performance.now()
      readResponse(response, text => {
        const timing = { took: performance.now() - started, wait: responded - sent }
        finish(
          response.statusCode === 201 ? timing : { error: `${response.statusCode} ${text.slice(0, 200)}` },
        )
      })
    })

    function finish(result) {
      stop()
      if (result.error) request.destroy()
      resolve(result)
    }
  })
}

/** Sends the form at full speed, or at `rate` bytes per second. Returns a function that stops it. */
function send(request, form, rate) {
  return rate === undefined ? sendFast(request, form) : sendSlowly(request, form, rate)
}

function sendFast(request, form) {
  function write() {
    for (let block = form.read(BLOCK_BYTES); block; block = form.read(BLOCK_BYTES)) {
      if (!request.write(block)) return request.once('drain', write)
    }
    request.end()
  }
  write()
  return () => request.off('drain', write)
}

function sendSlowly(request, form, rate) {
  const interval = rate > 5e6 ? 10 : 100
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    // A real connection does not catch up after the server stopped reading, so the backlog is limited.
    const due = Math.min(now - last, 2 * interval)
    last = now
    if (!request.writableNeedDrain) sendSome(Math.round((rate * due) / 1000))
  }, interval)

  function sendSome(due) {
    let remaining = due
    while (remaining > 0) {
      const block = form.read(remaining)
      if (block === undefined) {
        clearInterval(timer)
        return request.end()
      }
      request.write(block)
      remaining -= block.length
    }
  }
  return () => clearInterval(timer)
}

function readResponse(response, done) {
  let text = ''
  response.setEncoding('utf8')
  response.on('data', chunk => {
    text += chunk
  })
  response.once('close', () => done(text))
}

function summarize(results, milliseconds) {
  const successful = results.filter(({ error }) => error === undefined)
  const took = successful.map(result => result.took)
  const waits = successful.map(result => result.wait)
  return {
    seconds: milliseconds / 1000,
    good: successful.length,
    failed: results.length - successful.length,
    firstError: results.find(({ error }) => error !== undefined)?.error,
    p50: percentile(took, 0.5),
    p99: percentile(took, 0.99),
    fastest: percentile(took, 0),
    slowest: percentile(took, 1),
    wait: percentile(waits, 0.5),
  }
}

handleCalls({ run })
