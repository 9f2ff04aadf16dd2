import { freemem } from 'node:os'

/** The runs of a measure, in turns: every contestant once, then all of them again. */
export function planRuns(measure, options) {
  const { cases, repeats } = settle(measure, options)
  const rounds = Array.from({ length: repeats }, (_, round) => round)
  return rounds.flatMap(round =>
    cases
      .filter(({ repeats: most = repeats }) => round < (options.repeats ?? most))
      .flatMap(one =>
        one.contestants.map(contestant => ({ measure, case: one, contestant, work: one.work })),
      ),
  )
}

function settle(measure, { quick, repeats, contestants }) {
  const brief = quick ? measure.quick : {}
  const chosen = contestants ?? brief.contestants
  const cases = measure.cases
    .filter(({ name }) => brief.cases?.includes(name) ?? true)
    .map(one => ({
      ...one,
      contestants: one.contestants.filter(name => chosen?.includes(name) ?? true),
      work: { ...measure.work, ...one.work, ...brief.work },
    }))
  return { cases, repeats: repeats ?? brief.repeats ?? measure.repeats }
}

/** Why a run is left out on this machine, if it is. */
export function reasonToSkip({ case: { memoryOfPeers = 0 }, contestant }, kindOf) {
  if (kindOf(contestant) !== 'peer' || freemem() > 1.3 * memoryOfPeers) return undefined
  return `would need some ${Math.round(memoryOfPeers / 1e9)} GB of memory`
}
