import { contestants } from '../contestants/index.js'
import { figureOf } from '../lab/results.js'
import { figures } from '../measures.js'
import { formatFigure, SUBJECT } from './rows.js'
import { bar, dashes, drawing, line, rule, text } from './svg.js'

const WIDTH = 760
const LABELS = 280
const ROW = 26
const TOP = 44

/** A bar chart of one figure in one case: one bar per contestant, labelled with median and spread. */
export function barChart(results, measure, name, figure) {
  const { title = name } = measure.cases.find(one => one.name === name)
  const heading = measure.cases.length > 1 ? `${measure.title} · ${title}` : measure.title
  const rows = Object.keys(results.measures[measure.name][name]).map(contestant => ({
    label: contestants[contestant].title,
    kind: contestants[contestant].kind,
    value: figureOf(results, measure.name, name, contestant, figure),
  }))
  return bars(heading, rows, figure)
}

/** A bar chart for a measure with a single contestant: one bar per case. */
export function caseChart(results, measure, contestant, figure) {
  const rows = measure.cases.map(({ name, title = name }) => ({
    label: title,
    kind: contestants[contestant].kind,
    value: figureOf(results, measure.name, name, contestant, figure),
  }))
  return bars(measure.title, rows, figure)
}

function bars(heading, allRows, figure) {
  const rows = allRows.filter(({ value }) => value !== undefined)
  const longest = Math.max(...rows.map(({ value }) => value.median))
  const room = WIDTH - LABELS - 150
  const shapes = rows.flatMap(({ label, kind, value }, index) => {
    const y = TOP + index * ROW
    const length = (value.median / longest) * room
    return [
      text(LABELS - 8, y + 15, label, 'end'),
      bar(LABELS, y + 3, length, ROW - 9, kind),
      text(LABELS + length + 6, y + 15, formatFigure(value, figure), 'quiet'),
    ]
  })
  const title = `${heading}: ${figures[figure].title}`
  return drawing({ width: WIDTH, height: TOP + rows.length * ROW + 12, title }, shapes)
}

const PLOT = { left: 70, right: WIDTH - 240, top: 52, bottom: 290 }
const DASHES = ['', '6 4', '2 3']

/** A line chart over the cases of a measure: one line per contestant, on a logarithmic scale. */
export function lineChart(results, measure) {
  const { figure, axis } = measure.chart
  const names = measure.cases.map(({ name }) => name)
  const lines = linesOf(results, measure, names, figure)
  const values = lines.flatMap(({ points }) => points.map(({ value }) => value))
  const scale = logScale(values)
  const place = index => PLOT.left + 20 + (index * (PLOT.right - PLOT.left - 40)) / (names.length - 1)
  const shapes = [
    ...scale.ticks.flatMap(tick => [
      rule(PLOT.left, scale.y(tick), PLOT.right, scale.y(tick)),
      text(PLOT.left - 8, scale.y(tick) + 4, tick.toLocaleString('en'), 'end quiet'),
    ]),
    ...names.map((name, index) => text(place(index), PLOT.bottom + 20, name, 'middle quiet')),
    text((PLOT.left + PLOT.right) / 2, PLOT.bottom + 42, axis, 'middle quiet'),
    ...lines.flatMap(({ contestant, points, dash }) => [
      line(
        points.map(({ index, value }) => [place(index), scale.y(value)]),
        contestants[contestant].kind,
        dash,
      ),
    ]),
    ...legend(lines, scale),
  ]
  return drawing({ width: WIDTH, height: 344, title: `${measure.title}: ${figures[figure].title}` }, shapes)
}

function linesOf(results, measure, names, figure) {
  const all = new Set(names.flatMap(name => Object.keys(results.measures[measure.name]?.[name] ?? {})))
  return [...all].map((contestant, position) => ({
    contestant,
    dash: contestant === SUBJECT ? '' : DASHES[position % DASHES.length],
    points: names
      .map((name, index) => ({
        index,
        value: figureOf(results, measure.name, name, contestant, figure)?.median,
      }))
      .filter(({ value }) => value !== undefined),
  }))
}

function logScale(values) {
  const least = 10 ** Math.floor(Math.log10(Math.min(...values)))
  const most = 10 ** Math.ceil(Math.log10(Math.max(...values)))
  const decades = Math.max(1, Math.round(Math.log10(most / least)))
  const ticks = Array.from({ length: decades + 1 }, (_, power) => least * 10 ** power)
  const y = value => PLOT.bottom - (Math.log10(value / least) / decades) * (PLOT.bottom - PLOT.top)
  return { ticks, y }
}

/** Labels next to the ends of the lines, moved apart where they would overlap. */
function legend(lines, scale) {
  let lowest = 0
  return lines
    .filter(({ points }) => points.length > 0)
    .map(({ contestant, points, dash }) => ({ contestant, dash, y: scale.y(points.at(-1).value) }))
    .sort((a, b) => a.y - b.y)
    .flatMap(({ contestant, dash, y }) => {
      lowest = Math.max(lowest + 18, y + 4)
      const { title, kind } = contestants[contestant]
      return [
        dashes(PLOT.right + 8, PLOT.right + 32, lowest - 4, kind, dash),
        text(PLOT.right + 40, lowest, title),
      ]
    })
}
