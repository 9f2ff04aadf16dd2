import { measures } from '../measures.js'
import { loneContestant, tableOf, tableOfCases } from './rows.js'

/** Returns the results as plain text in columns. */
export function toText(results) {
  return measures
    .filter(({ name }) => results.measures[name])
    .flatMap(measure => tablesOf(results, measure))
    .map(({ heading, table }) => `${heading}\n\n${columns(table)}\n`)
    .join('\n')
}

function tablesOf(results, measure) {
  const alone = loneContestant(measure)
  if (alone) return [{ heading: measure.title, table: tableOfCases(results, measure, alone) }]
  return measure.cases
    .filter(({ name }) => results.measures[measure.name][name])
    .map(({ name, title = name }) => ({
      heading: measure.cases.length > 1 ? `${measure.title} · ${title}` : measure.title,
      table: tableOf(results, measure, name),
    }))
}

function columns({ titles, rows }) {
  const lines = [titles, ...rows]
  const widths = titles.map((_, index) => Math.max(...lines.map(line => line[index].length)))
  const align = (text, index) => (index === 0 ? text.padEnd(widths[0]) : text.padStart(widths[index]))
  return lines.map(line => `  ${line.map(align).join('  ')}`).join('\n')
}
