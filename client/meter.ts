const WINDOW_MS = 5000
/** The browser first fills its send buffers at once, so a shorter measurement overestimates the rate. */
const MIN_WINDOW_MS = 500

/**
 * Returns a function that takes the total of bytes sent so far. It returns bytes per second over the last 5 seconds,
 * or undefined during the first 0.5 seconds.
 */
export function createMeter(): (bytes: number) => number | undefined {
  const samples: [time: number, bytes: number][] = []
  return bytes => {
    const now = performance.now()
    samples.push([now, bytes])
    while (now - samples[0]![0] > WINDOW_MS && samples.length > 2) samples.shift()
    const [firstTime, firstBytes] = samples[0]!
    const elapsed = now - firstTime
    return elapsed < MIN_WINDOW_MS ? undefined : ((bytes - firstBytes) / elapsed) * 1000
  }
}
