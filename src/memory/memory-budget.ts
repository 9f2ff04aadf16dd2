import { totalmem } from 'node:os'
import { MiB, parseSize, type Size } from '../shared/sizes.ts'
import { BufferLender } from './buffer-lender.ts'
import type { Lender, MemoryBudget } from './lender.ts'

export type { Lender, Loan, MemoryBudget } from './lender.ts'

/**
 * Creates a budget for some routes: pass it to each of them as `memoryBudget`.
 *
 * @param size bytes, or a string such as `'512MB'`. The bytes stored per second are at most `size` divided by the
 * time that S3 takes for a part
 * @throws TypeError if `size` is not a size
 */
export function createMemoryBudget(size: Size): MemoryBudget {
  return createLender(parseSize(size, 'memoryBudget'))
}

export function createLender(size: number): Lender {
  return new BufferLender(size)
}

/** Returns 256 MiB, or a quarter of the memory that this process may use if that is less. */
function defaultSize(): number {
  // 0 if the limit is unknown; a huge number if there is no limit.
  const constrained = process.constrainedMemory() || Number.POSITIVE_INFINITY
  return Math.min(256 * MiB, Math.floor(Math.min(constrained, totalmem()) / 4))
}

export const processBudget = createLender(defaultSize())

/**
 * The budget of every upload that has no `memoryBudget` of its own: 256 MB, or a quarter of the memory of the process
 * if that is less.
 */
export const defaultMemoryBudget: MemoryBudget = processBudget
