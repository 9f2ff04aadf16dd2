import type { Lender, Loan } from './memory-budget.ts'

/**
 * The part buffers of one upload. Keeps the rule that prevents deadlocks: an upload must not wait for a buffer while
 * it holds one that only its own progress releases. S3 releases the buffers of S3 parts in flight. Small files are
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

/** Share of the budget that one upload may hold until its commit. A single file may be larger. */
const MAX_HELD_SHARE = 1 / 8

/** @param fail fails the upload if a held file cannot be sent */
export function createUploadMemory(
  budget: Lender,
  signal: AbortSignal,
  fail: (error: unknown) => void,
): UploadMemory {
  let held: (() => Promise<void>)[] = []
  let heldBytes = 0
  let waiting = 0

  async function borrow(size: number): Promise<Loan> {
    waiting++
    try {
      const loan = budget.borrow(size, signal)
      if (budget.waiting > 0) stageHeld()
      return await loan
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

  return { tryBorrow: size => budget.tryBorrow(size), borrow, hold }
}
