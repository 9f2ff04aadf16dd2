/** Turns of one upload to send a request to S3. Those that wait have theirs in the order in which they came. */
export interface Slots {
  /** Resolves with the function that gives the slot back. Rejects with the signal's reason. */
  acquire(signal?: AbortSignal): Promise<() => void>
  run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T>
}

/** Slots that uploads share. */
export interface SlotPool {
  /** Slots taken at this moment. */
  readonly taken: number
  /**
   * Slots for one more upload.
   *
   * @param own slots that it may have at once
   * @param most slots that may be taken by all uploads together when it takes one
   */
  share(own: number, most: number): Slots
}

interface Share {
  own: number
  most: number
  taken: number
  waiting: Set<() => void>
}

/** A free slot goes to the upload that has waited longest for its turn, so that one with many parts is no better off. */
export function createSlotPool(): SlotPool {
  /** Uploads that wait for a slot and may take one more, in the order of their turns. */
  const ready = new Set<Share>()
  let taken = 0

  function update(share: Share): void {
    if (share.waiting.size === 0 || share.taken >= share.own) ready.delete(share)
    else ready.add(share)
  }

  function grant(): void {
    for (const share of ready) {
      if (taken >= share.most) continue
      ready.delete(share)
      const [enter] = share.waiting
      enter?.()
      update(share)
    }
  }

  function share(own: number, most: number): Slots {
    const mine: Share = { own, most, taken: 0, waiting: new Set() }

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
        const leave = () => {
          mine.waiting.delete(enter)
          signal?.removeEventListener('abort', giveUp)
        }
        const enter = () => {
          leave()
          resolve(take())
        }
        const giveUp = () => {
          leave()
          update(mine)
          reject(signal?.reason)
        }
        mine.waiting.add(enter)
        signal?.addEventListener('abort', giveUp)
        update(mine)
        grant()
      })
    }

    async function acquire(signal?: AbortSignal): Promise<() => void> {
      signal?.throwIfAborted()
      return turn(signal)
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
