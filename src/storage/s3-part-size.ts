import { constants } from 'node:buffer'
import { GiB, MiB } from '../shared/sizes.ts'

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const MAX_S3_PARTS = 10_000
export const MIN_PART_SIZE = 5 * MiB
/** S3 takes parts of 5 GiB; a part here is one Buffer, which can be smaller than that. */
export const MAX_PART_SIZE = Math.min(5 * GiB, constants.MAX_LENGTH)

/**
 * The part size with which a file of at most `largestFile` bytes fits into 10,000 equal S3 parts. It has to be
 * known before the first part is sent: some stores (Cloudflare R2) refuse parts of different sizes.
 */
export function partSizeFor(largestFile: number, smallestPart: number): number {
  const needed = Math.ceil(largestFile / MAX_S3_PARTS)
  return Math.max(smallestPart, Math.ceil(needed / MiB) * MiB)
}
