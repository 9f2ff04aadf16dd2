import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { contestants } from '../contestants/index.js'
import { failuresOf } from '../lab/results.js'
import { figures, measures } from '../measures.js'
import { barChart, caseChart, lineChart } from './charts.js'
import { findLosses } from './losses.js'
import { judge } from './promises.js'
import { formatRatio, loneContestant, tableOf, tableOfCases } from './rows.js'

const DOCS = new URL('../../docs/', import.meta.url)
const CHARTS = new URL('benchmarks/', DOCS)

/** Writes docs/benchmarks.md and its charts: the text of page.md, filled in from the results. */
export function writeDocument(results) {
  rmSync(CHARTS, { recursive: true, force: true })
  mkdirSync(CHARTS, { recursive: true })
  const page = readFileSync(new URL('page.md', import.meta.url), 'utf8')
  const parts = {
    machine: describeRun(results),
    promises: promisesTable(results),
    failures: failureList(results),
    measures: measures.map(measure => section(results, measure)).join('\n'),
    losses: lossTable(results),
    detection: detectionTable(results),
    profiles: profileTables(results),
  }
  const filled = page.replace(/\{\{(\w+)\}\}/g, (_, name) => parts[name])
  writeFileSync(new URL('benchmarks.md', DOCS), filled.replace(/\n{3,}/g, '\n\n'))
}

function describeRun({ date, machine, versions, quick }) {
  const memory = Math.round(machine.memory / 1024 ** 3)
  const packages = Object.entries(versions).map(([name, version]) => `${name} ${version}`)
  return [
    `${date}${quick ? ' (quick run)' : ''}, ${machine.cpu}, ${machine.cores} cores, ${memory} GiB of memory,`,
    `${machine.system}, Node ${machine.node}. ${packages.join(', ')}.`,
  ].join('\n')
}

function promisesTable(results) {
  const rows = judge(results).map(({ text, limit, reached, kept }) => [
    text,
    limit,
    reached,
    kept ? 'pass' : '**miss**',
  ])
  return markdownTable(['', 'target', 'result', ''], rows)
}

function failureList(results) {
  const failures = failuresOf(results)
  if (failures.length === 0) return 'No run failed: every contestant stored every file completely.'
  const lines = failures.map(
    ({ measure, case: name, contestant, failed }) =>
      `- ${contestants[contestant].title}, ${measure} ${name}: ${failed.split('\n')[0]}`,
  )
  return ['These runs failed and are not included in the figures:', '', ...lines].join('\n')
}

function section(results, measure) {
  const cases = measure.cases.filter(({ name }) => results.measures[measure.name]?.[name])
  if (cases.length === 0) return ''
  const alone = loneContestant(measure)
  const parts = alone
    ? allCases(results, measure, alone)
    : [...chartOfAll(results, measure, cases), ...cases.flatMap(one => caseParts(results, measure, one))]
  return [`## ${measure.title}`, measure.text, ...parts, ''].join('\n\n')
}

function allCases(results, measure, alone) {
  const { titles, rows } = tableOfCases(results, measure, alone)
  const chart = caseChart(results, measure, alone, measure.figures[0])
  return [saveChart(measure.name, measure.title, chart), markdownTable(titles, rows)]
}

function chartOfAll(results, measure, cases) {
  if (!measure.chart || cases.length < 2) return []
  return [saveChart(measure.name, measure.title, lineChart(results, measure))]
}

function caseParts(results, measure, { name, title, text }) {
  const heading = title ?? name
  const chart = measure.chart
    ? []
    : [saveChart(`${measure.name}-${name}`, heading, barChart(results, measure, name, measure.figures[0]))]
  const { titles, rows } = tableOf(results, measure, name)
  return [
    ...(measure.cases.length > 1 ? [`### ${heading}`] : []),
    ...(text ? [text] : []),
    ...chart,
    markdownTable(titles, rows),
  ]
}

function saveChart(name, title, svg) {
  const file = `${name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}.svg`
  writeFileSync(new URL(file, CHARTS), svg)
  return `![${title}](benchmarks/${file})`
}

function lossTable(results) {
  const losses = findLosses(results)
  if (losses.length === 0) return 'In this run, no peer was better in any figure above.'
  const rows = losses.map(({ where, figure, peer, ours, theirs, ratio, close }) => [
    where,
    figure,
    peer,
    theirs,
    ours,
    `${formatRatio(ratio)}${close ? ', spreads overlap' : ''}`,
  ])
  return markdownTable(['', 'figure', 'better peer', 'peer', 'ours', 'ours ÷ peer'], rows)
}

function detectionTable({ detection = [] }) {
  if (detection.length === 0) return 'Not measured in this run.'
  return markdownTable(
    ['', 'µs for each file'],
    detection.map(({ name, microseconds }) => [name, microseconds.toFixed(1)]),
  )
}

function profileTables({ profiles = {} }) {
  return Object.values(profiles)
    .flat()
    .map(({ title, contestant, figure, cost, functions, owners }) => {
      const rows = owners.map((owner, index) => [
        ...[owner.name, percent(owner.share)],
        ...[`\`${functions[index].name}\``, percent(functions[index].share)],
      ])
      const heading = `### ${contestants[contestant].title}: ${title}`
      const all = `${cost.toFixed(figures[figure].digits)} ${figures[figure].title} with the profiler, all threads.`
      return [heading, all, markdownTable(['package', '', 'function', ''], rows)].join('\n\n')
    })
    .join('\n\n')
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`
}

function markdownTable(titles, rows) {
  const align = titles.map((_, index) => (index === 0 ? '---' : '---:'))
  return [titles, align, ...rows].map(cells => `| ${cells.join(' | ')} |`).join('\n')
}
