/** Turns of one upload to send a request to S3. Those that wait have theirs in the order in which they came. */
export interface Permits {
  /** Resolves with the function that gives the slot back. Rejects with the signal's reason, or when it has lost timeout. */
  acquire(signal?: AbortSignal): Promise<() => void>
  run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T>
}

/** Permits that uploads share. */
export interface RequestLimiter {
  /** Permits taken at this moment. */
  readonly taken: number
  /** Permits for one more upload. */
  share(terms: PermitLimits): Permits
}

export interface PermitLimits {
  /** Permits that the upload may have at once. */
  own: number
  /** Permits that may be taken by all uploads together when it takes one. */
  most: number
  /** Milliseconds that it waits for one. @default as long as it takes */
  timeout?: number
  /** What it rejects with then. */
  timeoutError?(): Error
}

interface Share {
  terms: PermitLimits
  taken: number
  waiting: Set<() => void>
}

/** A free slot goes to the upload that has waited longest for its turn, so that one with many parts is no better off. */
export function createRequestLimiter(): RequestLimiter {
  /** Uploads that wait for a slot and may take one more, in the order of their turns. */
  const ready = new Set<Share>()
  let taken = 0

  function update(share: Share): void {
    if (share.waiting.size === 0 || share.taken >= share.terms.own) ready.delete(share)
    else ready.add(share)
  }

  function grant(): void {
    for (const share of ready) {
      // Nobody overtakes one that may take fewer, or it would never have its turn.
      if (taken >= share.terms.most) return
      ready.delete(share)
      const [enter] = share.waiting
      enter?.()
      update(share)
    }
  }

  function share(terms: PermitLimits): Permits {
    const mine: Share = { terms, taken: 0, waiting: new Set() }

    function take(): () => void {
      mine.taken++
      taken++
      let held = true
      return () => {
        if (!held) return
        held = false
        mine.taken--
        taken--
        update(mine)
        grant()
      }
    }

    function turn(signal?: AbortSignal): Promise<() => void> {
      return new Promise((resolve, reject) => {
        let timer: NodeJS.Timeout | undefined
        const leave = () => {
          clearTimeout(timer)
          mine.waiting.delete(enter)
          signal?.removeEventListener('abort', giveUp)
        }
        const enter = () => {
          leave()
          resolve(take())
        }
        const fail = (error: unknown) => {
          leave()
          update(mine)
          reject(error)
          // It may have been one that nobody was to overtake.
          grant()
        }
        const giveUp = () => fail(signal?.reason)
        mine.waiting.add(enter)
        update(mine)
        grant()
        if (!mine.waiting.has(enter)) return
        signal?.addEventListener('abort', giveUp)
        const { timeout, timeoutError } = terms
        if (timeout !== undefined) timer = setTimeout(() => fail(timeoutError?.()), timeout)
      })
    }

    async function acquire(signal?: AbortSignal): Promise<() => void> {
      signal?.throwIfAborted()
      return ready.size === 0 && mine.taken < terms.own && taken < terms.most ? take() : turn(signal)
    }

    async function run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
      const done = await acquire(signal)
      try {
        return await task()
      } finally {
        done()
      }
    }

    return { acquire, run }
  }

  return {
    get taken() {
      return taken
    },
    share,
  }
}
