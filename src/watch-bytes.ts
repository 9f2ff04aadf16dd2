import type { IncomingRequest } from './types.ts'

/**
 * Watches the bytes of a request that is being read.
 *
 * @param onIdle called when none has come for `idleTimeout` milliseconds while we were willing to read. The time in
 * which the request is paused, because storage is busy, is not the client's
 * @returns stops watching
 */
export function watchBytes(
  request: IncomingRequest,
  idleTimeout: number,
  onBytes: (total: number) => void,
  onIdle: () => void,
): () => void {
  let total = 0
  let timer: NodeJS.Timeout | undefined

  function start() {
    clearTimeout(timer)
    timer = setTimeout(onIdle, idleTimeout)
  }
  function pause() {
    clearTimeout(timer)
  }
  function onData(chunk: Buffer) {
    total += chunk.length
    timer?.refresh()
    onBytes(total)
  }
  function stop() {
    clearTimeout(timer)
    request.off('data', onData).off('pause', pause).off('resume', start).off('end', stop)
  }
  request.on('data', onData).on('pause', pause).on('resume', start).on('end', stop)
  start()
  return stop
}
