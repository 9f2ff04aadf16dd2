import type { Lender, Loan } from './memory-budget.ts'

/**
 * The part buffers of one upload. It keeps the rule that rules a deadlock out: nobody waits for a buffer while
 * holding one that only its own further progress can free. S3 parts in flight come back by themselves; small files
 * that are held for the commit do not, so they are sent to S3 before their upload waits.
 */
export interface FormMemory {
  /** Undefined where it has to be waited for. */
  tryBorrow(size: number): Loan | undefined
  /** Rejects with the reason of the upload's signal. */
  borrow(size: number): Promise<Loan>
  /**
   * Holds a whole small file for the commit, where it costs one S3 request.
   *
   * @param bytes lent for it
   * @param stage sends it to S3 as a part instead, after which its loan ends; called at most once, maybe at once
   */
  hold(bytes: number, stage: () => void): void
}

/** The share of the budget that one upload may hold for its commit; one file may be larger. */
const HELD = 1 / 8

export function createFormMemory(budget: Lender, signal: AbortSignal): FormMemory {
  let held: (() => void)[] = []
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
    for (const stage of files) stage()
  }

  function hold(bytes: number, stage: () => void): void {
    held.push(stage)
    heldBytes += bytes
    // A file and the one behind it can come in one chunk: then the second waits before the first is held.
    if (waiting > 0 || (held.length > 1 && heldBytes > budget.size * HELD)) stageHeld()
  }

  return { tryBorrow: size => budget.tryBorrow(size), borrow, hold }
}
