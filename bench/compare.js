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
    'bulk-https': find('bulk', 'https', 'cpuPerGB'),
    'bulk-http': find('bulk', 'http', 'cpuPerGB'),
    'small-https': find('small', 'https', 'requestsPerSecond'),
    'small-http': find('small', 'http', 'requestsPerSecond'),
    crowd: find('crowd', '0.3 s', 'peakRSS'),
  }
}

function find(measureName, caseName, figure) {
  const measure = measures.find(({ name }) => name === measureName)
  const { work } = measure.cases.find(({ name }) => name === caseName)
  return { figure, work: { ...measure.work, ...work } }
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

async function compareCase(lab, name, { figure, work }) {
  const results = { before: [], now: [] }
  for (let round = 0; round < Number(options.repeats); round++) {
    // Each copy goes first in every second round.
    const order = round % 2 === 0 ? ['before', 'now'] : ['now', 'before']
    for (const copy of order) {
      const library = copy === 'before' ? 's3-upstream-before' : 's3-upstream'
      const outcome = await lab.measure('express', { ...work, options: { ...work.options, library } })
      results[copy].push(outcome[figure])
    }
  }
  const before = median(results.before)
  const now = median(results.now)
  const { title, digits } = figures[figure]
  const all = values => values.map(value => value.toFixed(digits)).join(' ')
  process.stdout.write(
    `${name}  ${title}: before ${before.toFixed(digits)} (${all(results.before)}), ` +
      `now ${now.toFixed(digits)} (${all(results.now)}), now ÷ before ${(now / before).toFixed(3)}\n`,
  )
}

function exitNow() {
  killChildren()
  process.exit(130)
}
