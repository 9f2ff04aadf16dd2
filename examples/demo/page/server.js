// Shows the server's activity live, from server-sent events.
import { size } from './words.js'

const $ = selector => document.querySelector(selector)
/** One minute, at four samples per second. */
const SAMPLES = 240
const FEWEST = 40
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
    if (samples.length > SAMPLES) samples.shift()
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
  const top = Math.max(MIN_SCALE, ...samples.map(({ received, memory }) => Math.max(received, memory))) * 1.1
  const step = WIDTH / Math.max(FEWEST, samples.length - 1)
  const points = name => samples.map((sample, i) => `${i * step},${HEIGHT * (1 - sample[name] / top)}`)
  const received = `M${points('received').join('L')}`
  $('#chart .received.line').setAttribute('d', received)
  $('#chart .received.area').setAttribute('d', `${received}V${HEIGHT}H0Z`)
  $('#chart .memory.line').setAttribute('d', `M${points('memory').join('L')}`)
  $('#scale').textContent = `Last minute. Maximum of the scale: ${size(top)}.`
}
