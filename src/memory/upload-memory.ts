import type { Lender, Loan } from './memory-budget.ts'

/**
 * The part buffers of one upload. Prevents a deadlock by one rule: no upload waits for a buffer while it holds one that
 * only its own progress releases. S3 parts in flight end by themselves. Small files held for the commit do not, so they
 * are sent to S3 before their upload waits.
 */
export interface FormMemory {
  /** Returns undefined if the upload must wait for a buffer of this size. */
  tryBorrow(size: number): Loan | undefined
  /** Rejects with the reason of the upload's signal. */
  borrow(size: number): Promise<Loan>
  /**
   * Holds a whole small file for the commit, so that it costs one S3 request.
   *
   * @param bytes lent for the file
   * @param stage sends the file to S3 as a part instead, and ends its loan; called at most once, possibly at once. The
   * upload fails if it rejects
   */
  hold(bytes: number, stage: () => Promise<void>): void
}

/** The share of the budget that one upload may hold for its commit. One file may be larger. */
const MAX_HELD_SHARE = 1 / 8

/** @param fail ends the upload when a held file cannot be sent */
export function createFormMemory(
  budget: Lender,
  signal: AbortSignal,
  fail: (error: unknown) => void,
): FormMemory {
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
    // One chunk can end a file and start the next: then the second one waits before the first one is held.
    if (waiting > 0 || (held.length > 1 && heldBytes > budget.size * MAX_HELD_SHARE)) stageHeld()
  }

  return { tryBorrow: size => budget.tryBorrow(size), borrow, hold }
}
