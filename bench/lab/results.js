import { isDeepStrictEqual } from 'node:util'
import { spread } from './stats.js'

/** Figures as they come in, in the shape in which they are kept: measure → case → contestant → runs. */
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
 * Takes over the measures, and the profiles, that these results have none of. Figures of other machines or other
 * versions are not to stand beside them.
 */
export function keepOthers(results, earlier) {
  for (const about of ['machine', 'versions']) {
    if (!isDeepStrictEqual(results[about], earlier[about])) {
      throw new Error(`The earlier results are of other ${about}: run the whole benchmark.`)
    }
  }
  results.measures = { ...earlier.measures, ...results.measures }
  results.profiles = { ...earlier.profiles, ...results.profiles }
}

/** Median and spread of a figure; undefined where there is none. */
export function figureOf(results, measure, name, contestant, figure) {
  const runs = results.measures[measure]?.[name]?.[contestant] ?? []
  return spread(runs, figure)
}

/** Ratio of two contestants' medians in the same run. */
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
