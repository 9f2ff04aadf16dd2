import { isDeepStrictEqual } from 'node:util'
import { spread } from './stats.js'

const MB = 1024 * 1024

/** Creates the results, in the structure of the results file: measure → case → contestant → runs. */
export function createResults(about) {
  return { ...about, measures: {} }
}

export function addRun(results, { measure, case: { name }, contestant }, run) {
  results.measures[measure.name] ??= {}
  const cases = results.measures[measure.name]
  cases[name] ??= {}
  cases[name][contestant] ??= []
  cases[name][contestant].push(run)
}

/**
 * Copies the measures, the profiles and the cost of detection that `results` lacks from `earlier`. Throws if machine or
 * versions differ, because such figures are not comparable.
 */
export function keepOthers(results, earlier) {
  for (const about of ['machine', 'versions']) {
    if (!isDeepStrictEqual(comparable(results[about]), comparable(earlier[about]))) {
      throw new Error(`The earlier results have a different "${about}". Run the whole benchmark.`)
    }
  }
  results.measures = { ...earlier.measures, ...results.measures }
  results.profiles = { ...earlier.profiles, ...results.profiles }
  results.detection ??= earlier.detection
}

/** A kernel reserves a few pages more or less at each start. */
function comparable({ memory = 0, ...about }) {
  return { ...about, memory: Math.round(memory / MB) }
}

/** Returns median and spread of a figure; undefined if no run has it. */
export function figureOf(results, measure, name, contestant, figure) {
  const runs = results.measures[measure]?.[name]?.[contestant] ?? []
  return spread(runs, figure)
}

/** Returns the ratio of two contestants' medians; undefined if one has no figure. */
export function ratioOf(results, measure, name, [contestant, other], figure) {
  const one = figureOf(results, measure, name, contestant, figure)
  const another = figureOf(results, measure, name, other, figure)
  return one && another ? one.median / another.median : undefined
}

export function failuresOf(results) {
  return Object.entries(results.measures).flatMap(([measure, cases]) =>
    Object.entries(cases).flatMap(([name, rows]) =>
      Object.entries(rows).flatMap(([contestant, runs]) =>
        runs
          .filter(({ failed }) => failed !== undefined)
          .map(({ failed }) => ({ measure, case: name, contestant, failed })),
      ),
    ),
  )
}
