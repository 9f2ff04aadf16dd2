// Shows the server's activity live, from server-sent events.
import { size } from './words.js'

const $ = selector => document.querySelector(selector)
const SAMPLES_PER_SECOND = 4
const MAX_SECONDS = 60
const MIN_SECONDS = 10
const [WIDTH, HEIGHT] = [240, 72]
const MIN_SCALE = 256 * 1024 ** 2

export function watchServer() {
  const samples = []
  let first
  const events = new EventSource('/activity')
  addEventListener('pagehide', () => events.close())

  events.onmessage = ({ data }) => {
    const { server, received, stored, parts, memory, budget } = JSON.parse(data)
    first ??= received
    $('#server-name').textContent = `${server}, one process`
    $('#received').textContent = size(received)
    $('#stored').textContent = size(stored)
    $('#parts').textContent = parts.toLocaleString('en')
    $('#memory').textContent = size(memory)
    $('#budget').textContent = `${size(budget.inUse)} of ${size(budget.size)}`
    $('#waiting').textContent = budget.waiting ? `, ${budget.waiting} waiting` : ''
    samples.push({ received: Math.max(0, received - first), memory })
    if (samples.length > MAX_SECONDS * SAMPLES_PER_SECOND + 1) samples.shift()
    draw(samples)
  }
  // EventSource reconnects by itself.
  events.onerror = () => {
    $('#server-name').textContent = 'Cannot reach the server. Retrying…'
    first = undefined
  }
}

/** Draws both lines on one scale, to show how little of the received data stays in memory. */
function draw(samples) {
  const max = Math.max(...samples.map(({ received, memory }) => Math.max(received, memory)))
  // Doubling keeps the labels of the axis short: 256 MB, 512 MB, 1 GB.
  const top = MIN_SCALE * 2 ** Math.max(0, Math.ceil(Math.log2(max / MIN_SCALE)))
  const seconds = Math.max(MIN_SECONDS, Math.ceil((samples.length - 1) / SAMPLES_PER_SECOND))
  const step = WIDTH / (seconds * SAMPLES_PER_SECOND)
  const start = WIDTH - (samples.length - 1) * step
  const points = name =>
    samples.map((sample, i) => `${start + i * step},${HEIGHT * (1 - sample[name] / top)}`)
  const received = `M${points('received').join('L')}`
  $('#chart .received.line').setAttribute('d', received)
  $('#chart .received.area').setAttribute('d', `${received}V${HEIGHT}H${start}Z`)
  $('#chart .memory.line').setAttribute('d', `M${points('memory').join('L')}`)
  const [highest, middle] = $('.scale').children
  highest.textContent = size(top)
  middle.textContent = size(top / 2)
  $('#since').textContent = `${seconds} s ago`
}
