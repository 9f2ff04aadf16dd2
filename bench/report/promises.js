import { figureOf, ratioOf } from '../lab/results.js'
import { measures } from '../measures.js'
import { SUBJECT } from './rows.js'

/** The targets for speed and memory, each with a function that reads its value from the results. */
const PROMISES = [
  ratio(
    'CPU per GB over https, relative to multer-s3',
    0.8,
    ['bulk', 'https', 'cpuPerGB'],
    [SUBJECT, 'multer-s3'],
  ),
  ratio(
    'CPU per GB over http with unsigned payload, relative to multer-s3',
    0.75,
    ['bulk', 'http', 'cpuPerGB'],
    ['express-unsigned', 'multer-s3'],
  ),
  ratio(
    'CPU per GB over https, relative to the raw proxy',
    2,
    ['bulk', 'https', 'cpuPerGB'],
    [SUBJECT, 'raw-proxy'],
  ),
  ratio('200 × 20 MB, storage at 0.3 s: peak RSS, relative to multer-s3', 0.15, [
    'crowd',
    '0.3 s',
    'peakRSS',
  ]),
  atLeast('200 × 20 MB, storage at 0.3 s: throughput, relative to multer-s3', 1.5, [
    'crowd',
    '0.3 s',
    'throughput',
  ]),
  ratio('200 × 20 MB, storage at 0.3 s: CPU per GB, relative to multer-s3', 0.6, [
    'crowd',
    '0.3 s',
    'cpuPerGB',
  ]),
  memory(
    '500 concurrent uploads: peak RSS, relative to 200',
    ['budget', '256MB × 500'],
    ['budget', '256MB × 200'],
  ),
  memory(
    '1,000 slow clients: peak RSS, relative to 200 concurrent uploads',
    ['slow', '1000'],
    ['crowd', '0.3 s'],
  ),
  {
    text: '1,000 slow clients, none starved: slowest upload, relative to the fastest',
    limit: 3,
    unit: ' ×',
    most: true,
    value: slowestToFastest,
  },
  memory('A file of 5 GB: peak RSS, relative to a file of 100 MB', ['sizes', '5 GB'], ['sizes', '100 MB']),
  ...['https', 'http'].flatMap(scheme => [
    atLeast(`100 KB over ${scheme}, 32 at once: requests per second, relative to multer-s3`, 1.1, [
      'small',
      scheme,
      'requestsPerSecond',
    ]),
    ratio(`100 KB over ${scheme}, 32 at once: p99, relative to multer-s3`, 1, ['small', scheme, 'p99']),
  ]),
  roundTrips('Last byte to response, 100 KB', 1.3, '100 KB'),
  roundTrips('Last byte to response, 60 MB', 2.4, '60 MB'),
  ...measures.find(({ name }) => name === 'budget').cases.map(withinBudget),
]

/** Returns each measured target as strings `{ text, limit, reached }`, and `kept`: true if the run reached it. */
export function judge(results) {
  return PROMISES.map(({ text, limit, unit, most, value }) => ({
    text,
    limit,
    unit,
    most,
    reached: value(results),
  }))
    .filter(({ reached }) => reached !== undefined)
    .map(({ text, limit, unit, most, reached }) => ({
      text,
      limit: `${most ? 'at most' : 'at least'} ${limit}${unit}`,
      reached: `${unit === ' MB' ? Math.round(reached) : reached.toPrecision(3)}${unit}`,
      kept: most ? reached <= limit : reached >= limit,
    }))
}

export function toPromises(results) {
  const judged = judge(results)
  const width = Math.max(0, ...judged.map(({ text }) => text.length))
  return judged
    .map(
      ({ text, limit, reached, kept }) =>
        `  ${kept ? 'pass' : 'MISS'}  ${text.padEnd(width)}  ${reached} (${limit})`,
    )
    .join('\n')
}

function ratio(text, limit, [measure, name, figure], pair = [SUBJECT, 'multer-s3']) {
  const value = results => ratioOf(results, measure, name, pair, figure)
  return { text, limit, unit: ' ×', most: true, value }
}

function atLeast(text, limit, place) {
  return { ...ratio(text, limit, place), most: false }
}

function memory(text, place, reference) {
  const rss = (results, [measure, name]) => figureOf(results, measure, name, SUBJECT, 'peakRSS')?.median
  const value = results => {
    const [peak, other] = [rss(results, place), rss(results, reference)]
    return peak && other ? peak / other : undefined
  }
  return { text, limit: 1.15, unit: ' ×', most: true, value }
}

function roundTrips(text, limit, name) {
  const value = results => figureOf(results, 'last-byte', name, SUBJECT, 'roundTrips')?.median
  return { text, limit, unit: ' round trips', most: true, value }
}

/** Every upload of these runs succeeded: otherwise, the run has failed. */
function slowestToFastest(results) {
  const [slowest, fastest] = ['slowest', 'fastest'].map(figure =>
    figureOf(results, 'slow', '1000', SUBJECT, figure),
  )
  return slowest && fastest && slowest.median / fastest.median
}

/** Compares the maximum of all runs. */
function withinBudget({ name, title, budget }) {
  const value = results => figureOf(results, 'budget', name, SUBJECT, 'peakRSS')?.max
  const limit = Math.round(budget / 1e6) + 200
  return {
    text: `Budget of ${title}: peak RSS, limit: budget + 200 MB`,
    limit,
    unit: ' MB',
    most: true,
    value,
  }
}
