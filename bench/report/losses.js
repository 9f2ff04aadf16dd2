import { contestants } from '../contestants/index.js'
import { figureOf } from '../lab/results.js'
import { figures, measures } from '../measures.js'
import { formatFigure, SUBJECT } from './rows.js'

/** Returns every figure in which a peer is better than ours, by any margin. */
export function findLosses(results) {
  return measures.flatMap(measure =>
    Object.entries(results.measures[measure.name] ?? {}).flatMap(([name, rows]) =>
      Object.keys(rows)
        .filter(contestant => contestants[contestant].kind === 'peer')
        .flatMap(contestant =>
          measure.figures.map(figure => compare(results, { measure, name, contestant, figure })),
        )
        .filter(loss => loss !== undefined),
    ),
  )
}

function compare(results, { measure, name, contestant, figure }) {
  const ours = figureOf(results, measure.name, name, SUBJECT, figure)
  const theirs = figureOf(results, measure.name, name, contestant, figure)
  if (!ours || !theirs || !isBetter(theirs.median, ours.median, figure)) return undefined
  const { title = name } = measure.cases.find(one => one.name === name)
  return {
    where: measure.cases.length > 1 ? `${measure.title}; ${title}` : measure.title,
    figure: figures[figure].title,
    peer: contestants[contestant].title,
    ours: formatFigure(ours, figure),
    theirs: formatFigure(theirs, figure),
    ratio: ours.median / theirs.median,
    // If the spreads overlap, another run can have the opposite result.
    close: ours.min <= theirs.max && theirs.min <= ours.max,
  }
}

function isBetter(value, other, figure) {
  return figures[figure].better === 'less' ? value < other : value > other
}
