import { constants } from 'node:buffer'
import { GiB, MiB } from '../shared/sizes.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const MAX_S3_PARTS = 10_000
export const MIN_PART_SIZE = 5 * MiB
/** S3 accepts parts of 5 GiB. A part here is one Buffer, whose maximum can be smaller. */
export const MAX_PART_SIZE = Math.min(5 * GiB, constants.MAX_LENGTH)

/**
 * Returns the part size with which a file of at most `largestFile` bytes fits into 10,000 equal S3 parts. It must be
 * known before the first part is sent: some stores (Cloudflare R2) reject parts of different sizes.
 */
export function partSizeFor(largestFile: number, smallestPart: number): number {
  const needed = Math.ceil(largestFile / MAX_S3_PARTS)
  return Math.max(smallestPart, Math.ceil(needed / MiB) * MiB)
}
