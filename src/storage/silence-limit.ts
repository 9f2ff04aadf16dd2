/** Limits how long something may show no sign of progress. */
export interface SilenceLimit {
  /** A sign of progress: the time starts again. */
  renew(): void
  /** Stops the time. Returns the function that starts it again. */
  suspend(): () => void
  /** Runs a task that has a limit of its own: the time stops meanwhile. */
  exempt<T>(task: () => Promise<T>): Promise<T>
  /** Runs a task. Rejects with the error of `onSilence` if there is no sign of progress for too long. */
  watch<T>(task: () => T | PromiseLike<T>, onSilence: () => Error): Promise<T>
}

export function createSilenceLimit(milliseconds: number): SilenceLimit {
  /** Rejects the tasks that are being watched. */
  const watched = new Set<() => void>()
  let suspensions = 0
  let timer: NodeJS.Timeout | undefined

  function renew(): void {
    clearTimeout(timer)
    timer = watched.size > 0 && suspensions === 0 ? setTimeout(rejectAll, milliseconds) : undefined
  }

  function rejectAll(): void {
    for (const reject of watched) reject()
  }

  function suspend(): () => void {
    let isSuspended = true
    suspensions++
    renew()
    return () => {
      if (!isSuspended) return
      isSuspended = false
      suspensions--
      renew()
    }
  }

  async function exempt<T>(task: () => Promise<T>): Promise<T> {
    const resume = suspend()
    try {
      return await task()
    } finally {
      resume()
    }
  }

  async function watch<T>(task: () => T | PromiseLike<T>, onSilence: () => Error): Promise<T> {
    let reject = () => {}
    const silence = new Promise<never>((...[, onReject]) => {
      reject = () => onReject(onSilence())
    })
    watched.add(reject)
    renew()
    try {
      return await Promise.race([silence, task()])
    } finally {
      watched.delete(reject)
      renew()
    }
  }

  return { renew, suspend, exempt, watch }
}
