import type { ServerResponse } from 'node:http'

/** Cuts off a client that does not read its response. */
export interface ReadingLimit {
  /** Starts the clock. Further calls have no effect. */
  start(): void
  /** These bytes have been passed to the response. */
  wrote(bytes: number): void
}

/** Looks at the progress this often in each `idleTimeout`. */
const CHECKS = 4

/**
 * Destroys a response if its client reads nothing for `idleTimeout` milliseconds: its bytes would stay in memory. A client
 * that reads slowly keeps its response.
 */
export function createReadingLimit(response: ServerResponse, idleTimeout: number): ReadingLimit {
  let timer: NodeJS.Timeout | undefined
  let written = 0
  let readBefore = 0
  let checksWithoutProgress = 0

  function bytesRead(): number {
    // The streams of an HTTP/2 connection share its socket.
    return response.req.httpVersionMajor < 2 ? bytesAccepted(response) : written - response.writableLength
  }
  function check() {
    const read = bytesRead()
    const isStalled = isPending(response) && read === readBefore
    checksWithoutProgress = isStalled ? checksWithoutProgress + 1 : 0
    readBefore = read
    if (checksWithoutProgress < CHECKS) return timer?.refresh()
    stop()
    response.destroy()
  }
  function stop() {
    clearTimeout(timer)
    response.off('finish', stop).off('close', stop)
  }

  return {
    start() {
      if (timer !== undefined || response.destroyed) return
      readBefore = bytesRead()
      timer = setTimeout(check, idleTimeout / CHECKS).unref()
      response.on('finish', stop).on('close', stop)
    },
    wrote(bytes) {
      written += bytes
    },
  }
}

/** Returns the bytes that the kernel has accepted on the connection of a response. */
export function bytesAccepted({ socket, writableLength }: ServerResponse): number {
  return (socket?.bytesWritten ?? 0) - writableLength
}

/** False if the response has not started, or waits for the response to an earlier request of its connection. */
export function isPending({ headersSent, socket, writableLength }: ServerResponse): boolean {
  return headersSent && socket !== null && writableLength > 0
}
