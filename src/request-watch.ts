/** Counts the bytes of a request, and the time in which none comes. */
export interface RequestWatch {
  /** Bytes have come. */
  count(bytes: number): void
  /** From now on it is read. */
  resume(): void
  /** It is not read for a while, because storage is busy: that time is not the client's. Or it has ended. */
  pause(): void
}

/**
 * @param onBytes called with the sum of all bytes
 * @param onIdle called when none has come for `idleTimeout` milliseconds in which the request was read
 */
export function createRequestWatch(
  idleTimeout: number,
  onBytes: (total: number) => void,
  onIdle: () => void,
): RequestWatch {
  let total = 0
  let timer: NodeJS.Timeout | undefined

  return {
    count(bytes) {
      total += bytes
      timer?.refresh()
      onBytes(total)
    },
    resume() {
      clearTimeout(timer)
      timer = setTimeout(onIdle, idleTimeout)
    },
    pause() {
      clearTimeout(timer)
      timer = undefined
    },
  }
}
