import { Agent, request as httpRequest } from 'node:http'
import { performance } from 'node:perf_hooks'
import { percentile } from '../lab/stats.js'
import { answerQuestions } from './answer.js'
import { Form } from './form.js'

/** Sends forms with one file each, and times the answers. Bodies are made before, so that sending costs little. */
const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
const BLOCK = 256 * 1024

/**
 * Sends `uploads` forms with a file of `size` bytes, `concurrency` at once; each at most `rate` bytes per second.
 * What fails is counted, with the words of the first one.
 */
async function run({ port, size, uploads, concurrency, rate }) {
  const results = []
  let left = uploads
  const started = performance.now()

  async function client() {
    while (left-- > 0) results.push(await upload(port, new Form(size), rate))
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
      const answered = performance.now()
      readAnswer(response, text => {
        const done = { took: performance.now() - started, wait: answered - sent }
        finish(response.statusCode === 201 ? done : { error: `${response.statusCode} ${text.slice(0, 200)}` })
      })
    })

    function finish(result) {
      stop()
      if (result.error) request.destroy()
      resolve(result)
    }
  })
}

/** As fast as it is taken, or as a line of `rate` bytes per second would. Returns how to stop. */
function send(request, form, rate) {
  return rate === undefined ? sendAtOnce(request, form) : sendSlowly(request, form, rate)
}

function sendAtOnce(request, form) {
  function write() {
    for (let block = form.take(BLOCK); block; block = form.take(BLOCK)) {
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
    // A line does not catch up on what it could not carry while the other side was not reading.
    const due = Math.min(now - last, 2 * interval)
    last = now
    if (!request.writableNeedDrain) sendSome(Math.round((rate * due) / 1000))
  }, interval)

  function sendSome(due) {
    let rest = due
    while (rest > 0) {
      const block = form.take(rest)
      if (block === undefined) {
        clearInterval(timer)
        return request.end()
      }
      request.write(block)
      rest -= block.length
    }
  }
  return () => clearInterval(timer)
}

function readAnswer(response, done) {
  let text = ''
  response.setEncoding('utf8')
  response.on('data', chunk => {
    text += chunk
  })
  response.once('close', () => done(text))
}

function summarize(results, milliseconds) {
  const good = results.filter(({ error }) => error === undefined)
  const took = good.map(result => result.took)
  const waits = good.map(result => result.wait)
  return {
    seconds: milliseconds / 1000,
    good: good.length,
    failed: results.length - good.length,
    firstError: results.find(({ error }) => error !== undefined)?.error,
    p50: percentile(took, 0.5),
    p99: percentile(took, 0.99),
    fastest: percentile(took, 0),
    slowest: percentile(took, 1),
    wait: percentile(waits, 0.5),
  }
}

answerQuestions({ run })
