import { contestants } from '../contestants/index.js'
import { figureOf, ratioOf } from '../lab/results.js'
import { figures } from '../measures.js'

/** The contestant that is compared with all others. Its own row has no ratio. */
export const SUBJECT = 'express'

/** A case as a table: titles, then one row per contestant with medians, spreads and ratios as strings. */
export function tableOf(results, measure, name) {
  const rows = Object.keys(results.measures[measure.name]?.[name] ?? {})
  const withRatio = rows.length > 1 && rows.includes(SUBJECT)
  return {
    titles: [
      '',
      ...measure.figures.flatMap(figure =>
        withRatio ? [figures[figure].title, 'ours ÷ this'] : [figures[figure].title],
      ),
    ],
    rows: rows.map(contestant => [
      contestants[contestant].title,
      ...measure.figures.flatMap(figure => {
        const value = formatFigure(figureOf(results, measure.name, name, contestant, figure), figure)
        if (!withRatio) return [value]
        return [value, contestant === SUBJECT ? '' : ratio(results, measure, name, contestant, figure)]
      }),
    ]),
  }
}

/** A measure with a single contestant as one table: one row per case. */
export function tableOfCases(results, measure, contestant) {
  const cases = measure.cases.filter(({ name }) => results.measures[measure.name]?.[name]?.[contestant])
  return {
    titles: ['', ...measure.figures.map(figure => figures[figure].title)],
    rows: cases.map(({ name, title = name }) => [
      title,
      ...measure.figures.map(figure =>
        formatFigure(figureOf(results, measure.name, name, contestant, figure), figure),
      ),
    ]),
  }
}

/** Returns the contestant of a measure that has only one. */
export function loneContestant({ cases }) {
  const names = new Set(cases.flatMap(({ contestants }) => contestants))
  return names.size === 1 ? [...names][0] : undefined
}

function ratio(results, measure, name, contestant, figure) {
  return formatRatio(ratioOf(results, measure.name, name, [SUBJECT, contestant], figure))
}

export function formatRatio(value) {
  return value === undefined ? '–' : `${value.toFixed(2)} ×`
}

/** The median, followed by the spread if the runs differ. */
export function formatFigure(value, figure) {
  if (value === undefined) return '–'
  const { digits } = figures[figure]
  const [middle, least, most] = [value.median, value.min, value.max].map(number =>
    group(number.toFixed(digits)),
  )
  return least === most ? middle : `${middle} (${least}–${most})`
}

function group(text) {
  return text.replace(/\B(?=(\d{3})+(?!\d))(?<!\.\d*)/g, ',')
}
