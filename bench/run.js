import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { contestants } from './contestants/index.js'
import { measureDetection } from './lab/detection.js'
import { openLab } from './lab/lab.js'
import { prepareLibrary, versions } from './lab/library.js'
import { describeMachine } from './lab/machine.js'
import { planRuns, reasonToSkip } from './lab/plan.js'
import { profile } from './lab/profile.js'
import { addRun, createResults, failuresOf, keepOthers } from './lab/results.js'
import { measures, profiled } from './measures.js'
import { killChildren } from './processes/child.js'
import { writeDocument } from './report/document.js'
import { toPromises } from './report/promises.js'
import { formatFigure } from './report/rows.js'
import { toText } from './report/terminal.js'

const USAGE = `npm run bench -- [options]

  --quick                 runs only the most important measures, in less than two minutes
  --only bulk,small       runs only these measures: ${measures.map(({ name }) => name).join(', ')}
  --contestants a,b       runs only these contestants: ${Object.keys(contestants).join(', ')}
  --repeats n             repeats each run n times
  --write                 writes bench/results/latest.json and docs/benchmarks.md (default for a full run); with --only,
                          keeps the figures of the other measures
  --library folder        measures another copy of the project
  --no-build              does not build the library; uses the last build
`

const { values: options } = parseArgs({
  allowNegative: true,
  options: {
    quick: { type: 'boolean', default: false },
    only: { type: 'string' },
    contestants: { type: 'string' },
    repeats: { type: 'string' },
    write: { type: 'boolean' },
    library: { type: 'string' },
    build: { type: 'boolean', default: true },
    help: { type: 'boolean', default: false },
  },
})

if (options.help) print(USAGE)
else await main()

async function main() {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, leaveAtOnce)
  prepareLibrary({ build: options.build, folder: options.library })
  const results = createResults({
    date: new Date().toISOString().slice(0, 10),
    machine: describeMachine(),
    versions: versions(),
    quick: options.quick,
  })
  const lab = await openLab()
  try {
    await runAll(lab, results)
    if (isWritten()) {
      await profileAll(lab, results)
      if (isChosen('decide')) results.detection = await measureDetection()
    }
  } finally {
    await lab.close()
  }
  show(results)
}

async function runAll(lab, results) {
  const runs = chosenMeasures().flatMap(measure => planRuns(measure, choice()))
  const started = Date.now()
  for (const [index, run] of runs.entries()) {
    const { measure, case: one, contestant } = run
    const place = `${index + 1}/${runs.length} ${minutes(Date.now() - started)}`
    const outcome = await attempt(lab, run)
    addRun(results, run, outcome)
    print(`${place}  ${measure.name} ${one.name}  ${contestant}: ${describeRun(measure, outcome)}\n`)
  }
}

async function attempt(lab, run) {
  const skipped = reasonToSkip(run, name => contestants[name].kind)
  if (skipped) return { skipped }
  try {
    return await lab.measure(run.contestant, run.work)
  } catch (error) {
    return { failed: error.message }
  }
}

function describeRun(measure, outcome) {
  if (outcome.skipped) return `skipped, ${outcome.skipped}`
  if (outcome.failed) return `FAILED, ${outcome.failed}`
  const [first, second] = measure.figures.map(figure => {
    const value = outcome[figure]
    return `${figure} ${formatFigure({ median: value, min: value, max: value }, figure)}`
  })
  return [first, second].join(', ')
}

async function profileAll(lab, results) {
  results.profiles = {}
  for (const plan of profiled.filter(({ measure }) => isChosen(measure.name))) {
    results.profiles[plan.measure.name] = await profileMeasure(lab, plan)
  }
}

async function profileMeasure(lab, { title, measure, cases, contestants: names, uploads, figure }) {
  const profiles = []
  for (const { name, work } of measure.cases.filter(one => cases.includes(one.name))) {
    for (const contestant of names) {
      const { cost, ...shares } = await profile(lab, contestant, { ...measure.work, ...work, uploads })
      profiles.push({ title: `${title} over ${name}`, contestant, figure, cost: cost[figure], ...shares })
    }
  }
  return profiles
}

function show(results) {
  print(`\n${toText(results)}\n${toPromises(results)}\n`)
  if (isWritten()) write(results)
  const failures = failuresOf(results)
  for (const { measure, case: name, contestant, failed } of failures) {
    print(`FAILED: ${measure} ${name}, ${contestant}: ${failed}\n`)
  }
  process.exitCode = failures.length > 0 ? 1 : 0
}

function write(results) {
  const file = fileURLToPath(new URL('results/latest.json', import.meta.url))
  if (!existsSync(new URL('results/', import.meta.url))) mkdirSync(new URL('results/', import.meta.url))
  if (options.only && existsSync(file)) keepOthers(results, JSON.parse(readFileSync(file, 'utf8')))
  writeFileSync(file, `${JSON.stringify(results, undefined, 2)}\n`)
  writeDocument(results)
}

/** True if the results are written: always with `--write`, otherwise only after a full run. */
function isWritten() {
  const { write: asked, quick, only, contestants: some, repeats, library } = options
  return asked ?? (!quick && [only, some, repeats, library].every(option => option === undefined))
}

function chosenMeasures() {
  return measures.filter(({ name, quick }) => isChosen(name) && (!options.quick || quick))
}

function isChosen(name) {
  return options.only?.split(',').includes(name) ?? true
}

function choice() {
  return {
    quick: options.quick,
    repeats: options.repeats === undefined ? undefined : Number(options.repeats),
    contestants: options.contestants?.split(','),
  }
}

function leaveAtOnce() {
  killChildren()
  process.exit(130)
}

function minutes(milliseconds) {
  const seconds = Math.round(milliseconds / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}

function print(text) {
  process.stdout.write(text)
}
