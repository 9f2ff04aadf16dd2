const WINDOW = 5000
/** What a browser hands to the network at once fills buffers first, and says nothing about the line. */
const SETTLED = 500

/** Bytes per second over the last seconds, of a count that is handed in from time to time. */
export function createMeter(): (bytes: number) => number | undefined {
  const samples: [time: number, bytes: number][] = []
  return bytes => {
    const now = performance.now()
    samples.push([now, bytes])
    while (now - samples[0]![0] > WINDOW && samples.length > 2) samples.shift()
    const [since, before] = samples[0]!
    return now - since < SETTLED ? undefined : ((bytes - before) / (now - since)) * 1000
  }
}
