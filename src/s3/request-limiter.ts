/** Permits of one upload. A request to S3 needs one while it runs. */
export interface Permits {
  /**
   * Waits for a permit, first come first served. Resolves with the function that releases it. Rejects with the
   * signal's reason, or with the timeout error.
   */
  acquire(signal?: AbortSignal): Promise<() => void>
  /** Runs a task with a permit. */
  run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T>
}

/** Limits the requests that run at once, of all uploads together and of each. */
export interface RequestLimiter {
  /** Permits that uploads hold now. */
  readonly inUse: number
  /** Returns the permits of one more upload. */
  permitsFor(limits: PermitLimits): Permits
}

export interface PermitLimits {
  /** Permits that this upload can hold at once. */
  uploadLimit: number
  /** This upload gets a permit only while all uploads together hold fewer. */
  totalLimit: number
  /** Time that a request can wait for a permit, in milliseconds. @default no limit */
  timeout?: number
  /** Returns the error of a request that waited too long. */
  timeoutError?(): Error
}

/**
 * A free permit goes to the upload that has waited longest since its last one, so an upload with many requests gets no
 * more than the others.
 */
export function createRequestLimiter(): RequestLimiter {
  return new Limiter()
}

class Limiter implements RequestLimiter {
  inUse = 0
  /** Uploads that have a waiting request and are below their own limit, in the order in which they get permits. */
  readonly #ready = new Set<UploadPermits>()

  permitsFor(limits: PermitLimits): Permits {
    return new UploadPermits(this, limits)
  }

  hasReady(): boolean {
    return this.#ready.size > 0
  }

  /** An upload that is in the queue already keeps its place. */
  updateQueue(upload: UploadPermits): void {
    if (upload.isReady()) this.#ready.add(upload)
    else this.#ready.delete(upload)
  }

  grantWaiting(): void {
    for (const upload of this.#ready) {
      // No upload overtakes one with a lower total limit, which would otherwise never get a permit.
      if (this.inUse >= upload.limits.totalLimit) return
      this.#ready.delete(upload)
      upload.grantNext()
      this.updateQueue(upload)
    }
  }
}

class UploadPermits implements Permits {
  readonly limits: PermitLimits
  readonly #limiter: Limiter
  readonly #waiting = new Set<() => void>()
  #inUse = 0

  constructor(limiter: Limiter, limits: PermitLimits) {
    this.#limiter = limiter
    this.limits = limits
  }

  /** True if a request waits that needs only a free permit of the limiter. */
  isReady(): boolean {
    return this.#waiting.size > 0 && this.#inUse < this.limits.uploadLimit
  }

  async acquire(signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted()
    const { uploadLimit, totalLimit } = this.limits
    const isFree = this.#inUse < uploadLimit && this.#limiter.inUse < totalLimit
    return isFree && !this.#limiter.hasReady() ? this.#take() : this.#waitForPermit(signal)
  }

  async run<T>(task: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const release = await this.acquire(signal)
    try {
      return await task()
    } finally {
      release()
    }
  }

  /** Gives a permit to the request that has waited longest. */
  grantNext(): void {
    const [grant] = this.#waiting
    grant?.()
  }

  #take(): () => void {
    this.#inUse++
    this.#limiter.inUse++
    let isHeld = true
    return () => {
      if (!isHeld) return
      isHeld = false
      this.#inUse--
      this.#limiter.inUse--
      this.#limiter.updateQueue(this)
      this.#limiter.grantWaiting()
    }
  }

  #waitForPermit(signal: AbortSignal | undefined): Promise<() => void> {
    const { timeout, timeoutError } = this.limits
    return new Promise((resolve, reject) => {
      let timer: NodeJS.Timeout | undefined
      const stopWaiting = () => {
        clearTimeout(timer)
        this.#waiting.delete(grant)
        signal?.removeEventListener('abort', onAbort)
      }
      const grant = () => {
        stopWaiting()
        resolve(this.#take())
      }
      const fail = (error: unknown) => {
        stopWaiting()
        this.#limiter.updateQueue(this)
        reject(error)
        // Other uploads may have waited behind this one.
        this.#limiter.grantWaiting()
      }
      const onAbort = () => fail(signal?.reason)
      this.#waiting.add(grant)
      this.#limiter.updateQueue(this)
      this.#limiter.grantWaiting()
      if (!this.#waiting.has(grant)) return
      signal?.addEventListener('abort', onAbort)
      if (timeout !== undefined) timer = setTimeout(() => fail(timeoutError?.()), timeout)
    })
  }
}
