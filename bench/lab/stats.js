/** Returns the value below which `share` of the values lie: 0 gives the minimum, 1 the maximum. */
export function percentile(values, share) {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Returns median, minimum and maximum of one figure over several runs; undefined if no run has it. */
export function spread(runs, figure) {
  const values = runs.map(run => run[figure]).filter(value => value !== undefined)
  if (values.length === 0) return undefined
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) }
}
