import { createHook } from 'node:async_hooks'
import { getEventListeners } from 'node:events'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import type { S3UploadOptions } from '../../src/options/options.ts'
import type { Uploader } from '../../src/storage/uploader.ts'
import { bytes, MB } from '../support/bytes.ts'
import { decideAbout } from '../support/decisions.ts'
import { filePart, formBody } from '../support/form-body.ts'
import { type RouteKind, routes } from '../support/routes.ts'
import { post } from '../support/send.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { until } from '../support/until.ts'
import { uploaders } from '../support/uploaders.ts'
import { expectQuietProcess, watchFailures } from './watch.ts'
import { nextId, openWire, requestHead, watchRequests } from './wire.ts'

const WARM_UP = 200
const UPLOADS = 1000
/** Every so many uploads, one that has got as far as S3. */
const LARGE_EVERY = 50
/** Bytes. Up to 1,700 are V8's own warming up: from 1,000 uploads to 4,000 there are hardly any. A request is 10 KB. */
const HEAP_PER_UPLOAD = 4000
/** The test runner has a timer and a message of its own now and then. */
const A_FEW = 5

const s3 = await useStorage()
expectQuietProcess()

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

const small = formBody([
  { name: 'title', body: 'Grüße' },
  filePart('one', 'one.txt', bytes(3000)),
  filePart('two', 'two.bin', bytes(50_000), 'application/octet-stream'),
])
const large = formBody([filePart('one', 'one.txt', 'held'), filePart('two', 'two.bin', bytes(6 * MB))])

const setups = [
  ...uploaders.map(({ name, uploader }) => ({ name, uploader, options: {} })),
  ...uploaders.map(({ name, uploader }) => ({
    name: `${name}, with decisions about each file`,
    uploader,
    options: decideAbout('one', 'two'),
  })),
]

describe.each(setups)('through the $name', ({ uploader, options }) => {
  it(`${UPLOADS} aborted uploads leave nothing in the process`, { timeout: 60_000 }, async () => {
    const route = await open(uploader, options)
    const timers = watchTimers()

    await route.abort(0, WARM_UP)
    const before = await measure(route, timers.active)
    await route.abort(WARM_UP, UPLOADS)
    const after = await measure(route, timers.active)
    timers.stop()

    expect(after.listeners).toEqual(before.listeners)
    for (const [what, count] of Object.entries(after.counts)) {
      expect(count, what).toBeLessThanOrEqual(before.counts[what as keyof typeof before.counts] + A_FEW)
    }
    const growth = (after.heap - before.heap) / (UPLOADS - WARM_UP)
    process.stdout.write(`${UPLOADS} aborted uploads: ${Math.round(growth)} bytes of heap each\n`)
    expect(growth).toBeLessThan(HEAP_PER_UPLOAD)

    expectNothingLeft(s3)
    expect((await post(route.url, small)).status).toBe(201)
    await route.close()
  })
})

type Route = Awaited<ReturnType<typeof open>>

async function open(uploader: Uploader, options: Partial<S3UploadOptions>) {
  const { signal } = new AbortController()
  const failures = watchFailures()
  /** What an upload consists of: all of it has to go. */
  const remains: WeakRef<object>[] = []
  const kind = routes.find(({ name }) => name === 'node:http') as RouteKind
  const route = await kind.open({
    bucket: BUCKET,
    client: s3.oneTry,
    uploader,
    ...options,
    signal,
    onError(error, context) {
      for (const object of [context.request, context.signal, context.fields])
        remains.push(new WeakRef(object))
      failures.onError(error, context)
    },
  })
  const requests = watchRequests(route.server)

  async function abortOne(number: number): Promise<void> {
    const id = nextId()
    const failed = failures.of(id)
    const body = number % LARGE_EVERY === 0 ? large : small
    // At one place of the small form after the other; in the large one, behind its first S3 part.
    const at = body === large ? body.length - 1 - number / LARGE_EVERY : (number * 61) % body.length
    const head = requestHead(id, { 'Content-Length': body.length })
    const { socket, received } = openWire(route.url)
    socket.write(Buffer.concat([Buffer.from(head), body.subarray(0, at)]))
    await until(() => requests.hasRead(id, head.length + at))
    socket.resetAndDestroy()
    expect(await failed).toMatchObject({ code: 'ABORTED', leftovers: [] })
    await received
    requests.forget(id)
  }

  return Object.assign(route, {
    signal,
    requests,
    remaining: () => remains.filter(ref => ref.deref()).length,
    async abort(first: number, last: number) {
      for (let number = first; number < last; number++) await abortOne(number)
      failures.forget()
    },
  })
}

/** What the process holds when every connection is closed and all garbage collected. */
async function measure({ server, signal, requests, remaining }: Route, timers: ReadonlySet<number>) {
  await until(() => requests.connections === 0)
  // Connections to S3 are kept for the next upload, as many as there were at once, and S3's log grows.
  s3.oneTry.config.requestHandler.destroy?.()
  s3.reset()
  await until(() => !process.getActiveResourcesInfo().includes('TCPSocketWrap'))
  for (let turn = 0; turn < 5; turn++) {
    await new Promise(resolve => setImmediate(resolve))
    collectGarbage()
  }
  return {
    counts: {
      'requests, signals and fields': remaining(),
      'handles and timers': process.getActiveResourcesInfo().length,
      'timers, those too that keep nothing alive': timers.size,
    },
    listeners: {
      signal: getEventListeners(signal, 'abort').length,
      process: listenerCounts(process),
      server: listenerCounts(server),
      client: s3.oneTry.middlewareStack.identify(),
    },
    heap: process.memoryUsage().heapUsed,
  }
}

function listenerCounts(emitter: NodeJS.EventEmitter): [string | symbol, number][] {
  return emitter.eventNames().map(name => [name, emitter.listenerCount(name)])
}

/** Timers that have not run out and have not been cleared. */
function watchTimers() {
  const active = new Set<number>()
  const hook = createHook({
    init: (id, type) => type === 'Timeout' && active.add(id),
    destroy: id => active.delete(id),
  }).enable()
  return { active, stop: () => hook.disable() }
}
