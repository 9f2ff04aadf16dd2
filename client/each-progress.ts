import type { EachProgress, UploadItem } from './each-types.ts'
import { MAX_RATIO_BEFORE_DONE } from './progress.ts'

export function isDone({ phase }: UploadItem): boolean {
  return phase === 'done'
}

export function hasFailed({ phase }: UploadItem): boolean {
  return phase === 'failed' || phase === 'cancelled'
}

/** Returns the totals of all items that have not failed. */
export function summarize(items: readonly UploadItem[]): Omit<EachProgress, 'item' | 'items'> {
  const counted = items.filter(item => !hasFailed(item))
  const sum = (value: (item: UploadItem) => number | undefined) =>
    counted.reduce((sum, item) => sum + (value(item) ?? 0), 0)
  const sent = sum(({ progress }) => progress?.sent)
  const total = sum(({ file }) => file.size)
  const rate = sum(({ progress }) => progress?.rate) || undefined
  return {
    sent,
    total,
    ratio:
      counted.length > 0 && counted.every(isDone) ? 1 : Math.min(MAX_RATIO_BEFORE_DONE, sent / total || 0),
    rate,
    secondsLeft: rate && (total - sent) / rate,
  }
}
