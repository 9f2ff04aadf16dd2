import type { Readable, Writable } from 'node:stream'
import type { IncomingRequest } from '../shared/types.ts'
import type { RequestWatch } from './idle-timeout.ts'

export interface ParserFeed {
  start(): void
  /** The file that bytes go to from now on. */
  watch(file: Readable): void
  /** Leaves the request paused. */
  stop(): void
}

/**
 * Hands the bytes of a request to the parser, and reads on only when they have been dealt with. `pipe` would first
 * fill the buffers on the way: some 300 KiB, for each of a thousand uploads that wait for memory.
 */
export function feedParser(request: IncomingRequest, parser: Writable, watch: RequestWatch): ParserFeed {
  let paused = false
  let stopped = false
  let file: Readable | undefined

  function isReady(): boolean {
    return parser.writableLength === 0 && !(file && isHeld(file))
  }
  function onData(chunk: Buffer) {
    parser.write(chunk, goOn)
    if (stopped) return
    watch.count(chunk.length)
    if (stopped || isReady()) return
    paused = true
    watch.pause()
    request.pause()
  }
  /** A stream asks for more before it hands on what it has, and only then is known whether more can be taken. */
  function goOn() {
    if (paused) process.nextTick(resume)
  }
  function resume() {
    if (!paused || !isReady()) return
    paused = false
    watch.resume()
    request.resume()
  }
  /** May come although the request is paused, and then there is nothing to go on with. */
  function onEnd() {
    paused = false
    watch.pause()
    parser.end()
  }
  return {
    start() {
      request.on('data', onData).on('end', onEnd)
      watch.resume()
      request.resume()
    },
    watch(stream) {
      file = stream.on('resume', goOn).on('end', goOn)
    },
    stop() {
      stopped = true
      paused = false
      watch.pause()
      request.off('data', onData).off('end', onEnd).pause()
    },
  }
}

/** Whether whoever reads a file has enough for now. A stream counts as paused also for those who wait for 'readable'. */
function isHeld(file: Readable): boolean {
  return file.isPaused() && !file.readableEnded && file.listenerCount('readable') === 0
}
