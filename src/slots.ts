/** Lets a fixed number of tasks run at once; the others wait in the order in which they came. */
export interface Slots {
  /** Resolves with the function that gives the slot back. Rejects with the signal's reason. */
  acquire(signal?: AbortSignal): Promise<() => void>
  run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T>
}

export function createSlots(count: number): Slots {
  const waiting = new Set<() => void>()
  let free = count

  function release() {
    const [next] = waiting
    if (next === undefined) free++
    else next()
  }

  function takeSlot(): () => void {
    let held = true
    return () => {
      if (held) release()
      held = false
    }
  }

  async function acquire(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted()
    if (free > 0) free--
    else await turn(signal)
    return takeSlot()
  }

  function turn(signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        waiting.delete(enter)
        signal?.removeEventListener('abort', giveUp)
      }
      const enter = () => {
        leave()
        resolve()
      }
      const giveUp = () => {
        leave()
        reject(signal?.reason)
      }
      waiting.add(enter)
      signal?.addEventListener('abort', giveUp)
    })
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
