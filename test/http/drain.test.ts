import { Readable } from 'node:stream'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { drain, drainOf } from '../../src/http/drain.ts'
import { resolveOptions } from '../../src/options/resolve-options.ts'
import type { IncomingRequest } from '../../src/shared/types.ts'

const LIMITS = resolveOptions('b', { drainTimeout: '30s', maxDrainSize: 10 })

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A client that sends a byte whenever the test says so, and never all of its request. */
async function start() {
  const request: IncomingRequest = Object.assign(new Readable({ read() {} }), { headers: {} })
  const state = { ended: false, closed: false }
  await drain(request, LIMITS).startClock()
  drainOf(request)?.then(() => (state.ended = true))
  request.on('close', () => (state.closed = true))
  const send = (bytes = 1) => request.push(Buffer.alloc(bytes))
  return { request, state, send }
}

/** Advances the clock, and lets streams and promises follow. */
async function pass(milliseconds: number) {
  await new Promise(resolve => setImmediate(resolve))
  vi.advanceTimersByTime(milliseconds)
  await new Promise(resolve => setImmediate(resolve))
}

it('ends when nothing has arrived for 5 seconds', async () => {
  const { state, send } = await start()
  for (let sent = 0; sent < 3; sent++) {
    send()
    await pass(4999)
  }
  expect(state.ended).toBe(false)
  await pass(1)
  expect(state).toEqual({ ended: true, closed: false })
})

it('closes the connection after drainTimeout if bytes still arrive', async () => {
  const { state, send } = await start()
  for (let second = 0; second < 29; second += 4) {
    send()
    await pass(second === 28 ? 1999 : 4000)
  }
  expect(state).toEqual({ ended: false, closed: false })
  await pass(1)
  expect(state).toEqual({ ended: true, closed: true })
})

it('ends a second after maxDrainSize, and reads no more', async () => {
  const { request, state, send } = await start()
  send(10)
  await pass(999)
  send(10)
  expect(state.ended).toBe(false)
  expect(request.readableLength).toBe(10)
  await pass(1)
  expect(state.ended).toBe(true)
  expect(request.readableLength).toBe(10)
})

it('reads no more after maxDrainSize, even if other code resumes the request', async () => {
  const { request, send } = await start()
  send(10)
  await pass(0)
  for (let resumed = 0; resumed < 3; resumed++) {
    send(10)
    request.resume()
    await pass(0)
  }
  // Each resume() lets one chunk through.
  send(10)
  await pass(0)
  expect(request.isPaused()).toBe(true)
  expect(request.readableLength).toBe(10)
})

it('leaves no timer when the rest has arrived', async () => {
  const { request, state } = await start()
  request.push(null)
  await pass(0)
  expect(state.ended).toBe(true)
  expect(vi.getTimerCount()).toBe(0)
})
