import { cpSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { openLab } from './lab/lab.js'
import { prepareLibrary } from './lab/library.js'
import { median } from './lab/stats.js'
import { figures, measures } from './measures.js'
import { killChildren } from './processes/child.js'

const USAGE = `npm run bench:compare -- folder [options]

Compares this copy of the project with another one that has been built, an older one for example. Both take turns in
one run, so that the speed of the machine is the same for both.

  --repeats n    runs of each copy and case (default 3)
  --only a,b     some of: ${Object.keys(cases()).join(', ')}
  --no-build     takes this copy as it was built last
`

/** The copy to compare with is installed under this name. */
const BEFORE = fileURLToPath(new URL('node_modules/s3-upstream-before/', import.meta.url))

const { values: options, positionals } = parseArgs({
  allowNegative: true,
  allowPositionals: true,
  options: {
    repeats: { type: 'string', default: '3' },
    only: { type: 'string' },
    build: { type: 'boolean', default: true },
  },
})

const [folder] = positionals
if (folder === undefined) process.stdout.write(USAGE)
else await compare(resolve(folder))

function cases() {
  return {
    'bulk-https': find('bulk', 'https', ['cpuPerGB', 'throughput']),
    'bulk-http': find('bulk', 'http', ['cpuPerGB', 'throughput']),
    'small-https': find('small', 'https', ['cpuPerRequest', 'requestsPerSecond']),
    'small-http': find('small', 'http', ['cpuPerRequest', 'requestsPerSecond']),
    crowd: find('crowd', '0.3 s', ['peakRSS', 'throughput']),
  }
}

function find(measureName, caseName, compared) {
  const measure = measures.find(({ name }) => name === measureName)
  const { work } = measure.cases.find(({ name }) => name === caseName)
  return { compared, work: { ...measure.work, ...work } }
}

async function compare(before) {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, exitNow)
  prepareLibrary({ build: options.build })
  rmSync(BEFORE, { recursive: true, force: true })
  cpSync(`${before}/package.json`, `${BEFORE}package.json`)
  cpSync(`${before}/dist`, `${BEFORE}dist`, { recursive: true })
  const chosen = Object.entries(cases()).filter(([name]) => options.only?.split(',').includes(name) ?? true)
  const lab = await openLab()
  try {
    for (const [name, one] of chosen) await compareCase(lab, name, one)
  } finally {
    await lab.close()
  }
}

async function compareCase(lab, name, { compared, work }) {
  const runs = { before: [], now: [] }
  for (let round = 0; round < Number(options.repeats); round++) {
    // Each copy goes first in every second round.
    const order = round % 2 === 0 ? ['before', 'now'] : ['now', 'before']
    for (const copy of order) {
      const library = copy === 'before' ? 's3-upstream-before' : 's3-upstream'
      runs[copy].push(await lab.measure('express', { ...work, options: { ...work.options, library } }))
    }
  }
  for (const figure of compared) process.stdout.write(`${name}  ${describe(figure, runs)}\n`)
}

function describe(figure, runs) {
  const { title, digits } = figures[figure]
  const [before, now] = [runs.before, runs.now].map(copy => copy.map(run => run[figure]))
  const text = values =>
    `${median(values).toFixed(digits)} (${values.map(value => value.toFixed(digits)).join(' ')})`
  const ratio = (median(now) / median(before)).toFixed(3)
  return `${title}: before ${text(before)}, now ${text(now)}, now ÷ before ${ratio}`
}

function exitNow() {
  killChildren()
  process.exit(130)
}
