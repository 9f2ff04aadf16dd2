import { AsyncResource } from 'node:async_hooks'
import type { Limits } from '../shared/limits.ts'
import type { IncomingRequest } from '../shared/types.ts'
import { bodyAlreadyRead, clientStalled, requestTooLarge } from '../shared/upload-errors.ts'
import { createIdleTimeout } from './idle-timeout.ts'
import type { ReadingMeter } from './reading-meter.ts'

/** Where the bytes of a request go. */
export interface RequestSink {
  push(chunk: Buffer): void
  /** True if another chunk can be pushed. */
  isReady(): boolean
  /** No chunk follows. */
  end(): void
  /** The request must not be read any further. */
  fail(error: unknown): void
}

export interface RequestPump {
  start(): void
  /** The sink may be ready again. */
  resume(): void
  /** Leaves the request paused. */
  stop(): void
}

/**
 * Reads a request: counts its bytes before anything parses them, and reads on only when they have been processed.
 * `pipe` would first fill the buffers on the way, some 300 KiB for each of a thousand uploads that wait for memory.
 */
export function createRequestPump(
  request: IncomingRequest,
  { maxRequestSize, idleTimeout }: Limits,
  sink: RequestSink,
  meter: ReadingMeter,
): RequestPump {
  const idle = createIdleTimeout(idleTimeout, milliseconds => sink.fail(clientStalled(milliseconds)))
  // A request emits its events in the context of the connection. Hooks must see the AsyncLocalStorage of the caller.
  const caller = new AsyncResource('s3-upstream')
  let isPaused = false

  function onData(chunk: Buffer) {
    caller.runInAsyncScope(pushChunk, undefined, chunk)
  }
  function onEnd() {
    caller.runInAsyncScope(endSink)
  }
  function pushChunk(chunk: Buffer) {
    // Other code may listen too, but not set the pace: what the upload cannot store yet would fill the memory.
    if (isPaused) return sink.fail(bodyAlreadyRead('Other code resumed the request while the upload waited.'))
    const allowed = maxRequestSize - meter.bytes
    meter.received(chunk.length)
    idle.received()
    // What precedes the limit is processed: another limit may have been exceeded there.
    sink.push(chunk.length > allowed ? chunk.subarray(0, allowed) : chunk)
    if (isPaused) return
    if (sink.isReady()) return checkBytes()
    isPaused = true
    stopClocks()
    request.pause()
  }
  /** Can be called although the request is paused. */
  function endSink() {
    isPaused = false
    stopClocks()
    if (meter.bytes <= maxRequestSize) sink.end()
  }
  function resume() {
    if (!isPaused || !sink.isReady()) return
    isPaused = false
    checkBytes()
    if (isPaused) return
    startReading()
  }
  function startReading() {
    idle.resume()
    meter.resume()
    request.resume()
  }
  function stopClocks() {
    idle.pause()
    meter.pause()
  }
  function checkBytes() {
    if (meter.bytes > maxRequestSize) sink.fail(requestTooLarge(maxRequestSize))
  }

  return {
    start() {
      request.on('data', onData).on('end', onEnd)
      startReading()
    },
    resume,
    stop() {
      isPaused = true
      stopClocks()
      request.off('data', onData).off('end', onEnd).pause()
    },
  }
}
