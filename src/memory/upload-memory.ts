import type { Lender, Loan } from './lender.ts'
import { MinimumRate, type RateLimit, type ReadProgress } from './minimum-rate.ts'
import { OpenLoans } from './open-loans.ts'

/**
 * The part buffers of one upload. Keeps the rule that prevents deadlocks: an upload must not wait for memory while it
 * holds a buffer that only its own progress releases. S3 releases the buffers of S3 parts in flight. Small files are
 * held until the commit, so they are sent to S3 before their upload waits.
 */
export interface UploadMemory {
  /** Returns undefined if the upload must wait. */
  tryBorrow(size: number): Loan | undefined
  /** Waits for a buffer. Rejects with the reason of the upload's signal. */
  borrow(size: number): Promise<Loan>
  /**
   * Holds a whole small file until the commit, which then needs one S3 request.
   *
   * @param bytes size of the borrowed buffer
   * @param stage sends the file to S3 as a part instead, and so ends its loan. Called at most once, possibly at once. The
   * upload fails if it rejects
   */
  hold(bytes: number, stage: () => Promise<void>): void
}

/** All memory of one upload: part buffers, and what it keeps until its end. */
export interface FormMemory extends UploadMemory {
  /**
   * Counts the fields and names that the upload keeps.
   *
   * @param bytes of all of them so far
   * @returns undefined, or a promise if the upload must wait before it reads more
   */
  keep(bytes: number): Promise<void> | undefined
  /**
   * The upload has ended: it can borrow nothing, and the loans that its uploader has not ended are dropped.
   *
   * @param response repeats the fields, which remain in memory until it has been sent
   */
  end(response?: PendingResponse): void
}

/** A response that is being sent. */
export interface PendingResponse {
  progress: ReadProgress
  /** Ends the response: its client reads too slowly. */
  cutOff(): void
  /** Calls back when the response has been sent, or its client has disconnected. */
  onEnd(callback: () => void): void
}

/** How an upload reads its request, and how much it may keep. */
export interface UploadPace {
  progress: ReadProgress
  limit: RateLimit
  /** Bytes that the upload can keep at most. */
  maxKeptBytes: number
}

/** Share of the budget that one upload may hold until its commit. A single file may be larger. */
const MAX_HELD_SHARE = 1 / 8

/** What an upload keeps below this counts as a part of its overhead, which every upload has. */
const UNCOUNTED_BYTES = 48 * 1024

/** So that small fields do not change the count each time. */
const KEPT_STEP_BYTES = 16 * 1024

/**
 * @param fail fails the upload if a held file cannot be sent, or if its client is too slow
 * @param pace undefined for an upload that has no minimum rate and keeps nothing
 */
export function createUploadMemory(
  budget: Lender,
  signal: AbortSignal,
  fail: (error: unknown) => void,
  pace?: UploadPace,
): FormMemory {
  const rate = pace && pace.limit.minRate > 0 ? new MinimumRate(pace.progress, pace.limit, fail) : undefined
  const loans = new OpenLoans()
  let held: (() => Promise<void>)[] = []
  let heldBytes = 0
  let waiting = 0
  let keptBytes = 0
  let reservedBytes = 0

  function tryBorrow(size: number): Loan | undefined {
    loans.check()
    const loan = budget.tryBorrow(size, rate)
    return loan && loans.track(loan)
  }

  async function borrow(size: number): Promise<Loan> {
    loans.check()
    return loans.track(await wait(() => budget.borrow(size, signal, rate)))
  }

  async function wait<T>(start: () => Promise<T>): Promise<T> {
    waiting++
    try {
      const granted = start()
      if (budget.waiting > 0) stageHeld()
      return await granted
    } finally {
      waiting--
    }
  }

  function stageHeld(): void {
    const files = held
    held = []
    heldBytes = 0
    for (const stage of files) stage().catch(fail)
  }

  function hold(bytes: number, stage: () => Promise<void>): void {
    held.push(stage)
    heldBytes += bytes
    // If two files arrive in one chunk, the second one can wait before the first one is held.
    if (waiting > 0 || (held.length > 1 && heldBytes > budget.size * MAX_HELD_SHARE)) stageHeld()
  }

  function keep(bytes: number): Promise<void> | undefined {
    const excess = bytes - UNCOUNTED_BYTES - keptBytes
    if (excess <= 0 || reservedBytes > 0) return
    const step = Math.ceil(excess / KEPT_STEP_BYTES) * KEPT_STEP_BYTES
    if (!budget.tryKeep(step, rate)) return reserve()
    keptBytes += step
  }

  /** From now on, the upload never waits for this again. */
  async function reserve(): Promise<void> {
    const bytes = Math.max(KEPT_STEP_BYTES, (pace?.maxKeptBytes ?? 0) - keptBytes)
    await wait(() => budget.reserve(bytes, signal, rate))
    // The upload can fail between the grant and this line, and end() has nothing to release then.
    if (signal.aborted) budget.endReservation(bytes, rate)
    signal.throwIfAborted()
    reservedBytes = bytes
  }

  function end(response?: PendingResponse): void {
    loans.close()
    if (response === undefined || keptBytes + reservedBytes === 0) release()
    else {
      rate?.follow(response.progress, response.cutOff)
      response.onEnd(release)
    }
  }

  function release(): void {
    if (keptBytes > 0) budget.release(keptBytes, rate)
    if (reservedBytes > 0) budget.endReservation(reservedBytes, rate)
    keptBytes = reservedBytes = 0
  }

  return { tryBorrow, borrow, hold, keep, end }
}
