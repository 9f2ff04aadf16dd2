import { freemem } from 'node:os'

/** Returns the runs of a measure, interleaved: every contestant once, then every contestant again. */
export function planRuns(measure, options) {
  const { cases, repeats } = applyOptions(measure, options)
  const rounds = Array.from({ length: repeats }, (_, round) => round)
  return rounds.flatMap(round =>
    cases
      .filter(({ repeats: maxRounds = repeats }) => round < (options.repeats ?? maxRounds))
      .flatMap(one =>
        one.contestants.map(contestant => ({ measure, case: one, contestant, work: one.work })),
      ),
  )
}

function applyOptions(measure, { quick, repeats, contestants }) {
  const overrides = quick ? measure.quick : {}
  const selected = contestants ?? overrides.contestants
  const cases = measure.cases
    .filter(({ name }) => overrides.cases?.includes(name) ?? true)
    .map(one => ({
      ...one,
      contestants: one.contestants.filter(name => selected?.includes(name) ?? true),
      work: { ...measure.work, ...one.work, ...overrides.work },
    }))
  return { cases, repeats: repeats ?? overrides.repeats ?? measure.repeats }
}

/** Returns the reason to skip a run on this machine; undefined if it can run. */
export function reasonToSkip({ case: { memoryOfPeers = 0 }, contestant }, kindOf) {
  if (kindOf(contestant) !== 'peer' || freemem() > 1.3 * memoryOfPeers) return undefined
  return `needs about ${Math.round(memoryOfPeers / 1e9)} GB of memory`
}
