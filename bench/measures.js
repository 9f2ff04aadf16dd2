/**
 * The measures, as data. Each case of a measure is one kind of work; lab/lab.js defines the options of `work`. Each
 * contestant does the work in its own process, `repeats` times, alternating with the others.
 */
const KB = 1e3
const MB = 1e6
const GB = 1e9

const PART_WRITER = ['express', 'http']
const OURS = [...PART_WRITER, 'express-lib-storage', 'http-lib-storage']
const PEERS = ['multer-s3', 'busboy', 'formidable', 'fastify']
const FLOORS = ['raw-proxy', 'busboy-drop']

const bulk = {
  name: 'bulk',
  title: 'Large files: 128 MB, two at once',
  text: 'Each run uploads eight files, after two warm-up files. Storage responds immediately, so the figures show the work of the server only.',
  figures: ['cpuPerGB', 'throughput', 'peakRSS'],
  repeats: 2,
  work: { size: 128 * MB, uploads: 8, concurrency: 2, warmUp: { uploads: 2, concurrency: 2 } },
  cases: [
    {
      name: 'https',
      title: 'Storage over https',
      contestants: [...OURS, ...PEERS, ...FLOORS],
      work: { secure: true },
    },
    {
      name: 'http',
      title: 'Storage over http',
      text: 'Over http, the SDK signs the payload with a SHA-256 of every byte, to protect it in transit. `unsignedPayload` disables this, for networks that you trust.',
      contestants: [...OURS, 'express-unsigned', ...PEERS, ...FLOORS],
    },
    {
      name: 'default-agents',
      title: 'Storage over https, client without custom agents',
      text: 'The SDK sends large bodies with `Expect: 100-continue`. With its default agents, it opens a new connection with a new TLS handshake for each of them. In all other cases, the client of every contestant has custom agents.',
      contestants: ['express', 'multer-s3', 'busboy'],
      work: { secure: true, options: { defaultAgents: true } },
    },
  ],
  quick: {
    repeats: 1,
    cases: ['https', 'http'],
    contestants: ['express', 'express-unsigned', 'multer-s3', 'raw-proxy'],
    work: { uploads: 4 },
  },
}

const small = {
  name: 'small',
  title: 'Small files: 100 KB, 32 at once',
  text: '3,000 forms over 32 keep-alive connections, after 2,500 warm-up forms, because a server that runs for days has its code compiled. Storage responds immediately.',
  figures: ['requestsPerSecond', 'p50', 'p99', 'cpuPerRequest', 'peakRSS'],
  repeats: 5,
  work: { size: 100 * KB, uploads: 3000, concurrency: 32, warmUp: { uploads: 2500, concurrency: 32 } },
  cases: [
    { name: 'http', title: 'Storage over http', contestants: [...OURS, ...PEERS, 'raw-proxy'] },
    {
      name: 'https',
      title: 'Storage over https',
      contestants: [...PART_WRITER, ...PEERS],
      work: { secure: true },
    },
  ],
  quick: {
    repeats: 1,
    cases: ['http'],
    contestants: ['express', 'multer-s3', 'raw-proxy'],
    work: { uploads: 1500 },
  },
}

/** For latency: the code is compiled, and the connections are open. */
const WARM = { uploads: 300, concurrency: 4 }
const lastByte = {
  name: 'last-byte',
  title: 'From the last byte to the response',
  text: 'One upload at a time, after 300 warm-up uploads, sent at 50 MB/s so that no data queues. Storage takes 30 ms for every response. The unit is round trips to storage: 1.0 is one round trip and no other work.',
  figures: ['wait', 'roundTrips'],
  repeats: 1,
  work: { delay: 30, rate: 50 * MB },
  cases: [
    {
      name: '100 KB',
      work: { size: 100 * KB, uploads: 30, warmUp: WARM },
      contestants: [...PART_WRITER, ...PEERS],
    },
    {
      name: '60 MB',
      work: { size: 60 * MB, uploads: 7, warmUp: { ...WARM, size: 6 * MB } },
      contestants: [...PART_WRITER, ...PEERS],
    },
  ],
  quick: { repeats: 1, contestants: ['express', 'multer-s3'] },
}

const crowd = {
  name: 'crowd',
  title: 'Burst: 200 files of 20 MB at once',
  text: 'All clients connect at the same moment and send as fast as the server reads. Storage responds with a delay.',
  figures: ['peakRSS', 'throughput', 'cpuPerGB'],
  repeats: 1,
  work: { size: 20 * MB, uploads: 200, concurrency: 200 },
  cases: [
    {
      name: '0.3 s',
      title: 'Storage responds in 0.3 s',
      work: { delay: 300 },
      contestants: ['express', 'express-lib-storage', ...PEERS],
    },
    {
      name: '1.5 s',
      title: 'Storage responds in 1.5 s',
      repeats: 1,
      work: { delay: 1500 },
      contestants: ['express', 'multer-s3', 'busboy'],
    },
  ],
  quick: {
    repeats: 1,
    cases: ['0.3 s'],
    contestants: ['express', 'multer-s3'],
  },
}

const memoryOfUploads = {
  name: 'uploads',
  title: 'Memory by number of concurrent uploads',
  text: 'Files of 20 MB. Storage responds in 0.3 s.',
  figures: ['peakRSS', 'throughput'],
  chart: { figure: 'peakRSS', axis: 'concurrent uploads' },
  repeats: 1,
  work: { size: 20 * MB, delay: 300 },
  // Peers used 20 to 25 MB per upload.
  cases: atOnce([1, 10, 100, 500], 25 * MB),
}

const memoryOfSizes = {
  name: 'sizes',
  title: 'Memory by file size',
  text: 'A single file, after 100 warm-up files of 10 MB. Storage responds immediately.',
  figures: ['peakRSS', 'throughput'],
  chart: { figure: 'peakRSS', axis: 'file size' },
  repeats: 2,
  work: { uploads: 1 },
  cases: [
    ['10 MB', 10 * MB],
    ['100 MB', 100 * MB],
    ['1 GB', GB],
    ['5 GB', 5 * GB],
  ].map(([name, size]) => ({
    name,
    work: { size, warmUp: { size: 10 * MB, uploads: 100 } },
    contestants: ['express', 'multer-s3'],
  })),
}

const SLOW_RATE = 200 * KB
const slow = {
  name: 'slow',
  title: 'Slow clients',
  text: 'Files of 2 MB at 200 KB/s: each takes at least 10 s. While the budget is used up, uploads queue. The data that their clients send stays in the socket buffers, as far as it fits.',
  figures: ['peakRSS', 'fastest', 'slowest', 'cpuPerGB'],
  repeats: 1,
  work: { size: 2 * MB, rate: SLOW_RATE },
  cases: atOnce([500, 1000], 5 * MB),
}

const budget = {
  name: 'budget',
  title: 'The memory budget',
  text: 'Files of 20 MB at once. Storage responds in 0.3 s. Throughput is at most the budget divided by the response time of storage.',
  figures: ['peakRSS', 'throughput', 'cpuPerGB', 'slowest'],
  repeats: 1,
  work: { size: 20 * MB, delay: 300 },
  cases: [64, 256, 1024].flatMap(size =>
    [200, 500].map(count => ({
      name: `${size}MB × ${count}`,
      title: `${size} MiB, ${count} at once`,
      budget: size * 1024 ** 2,
      work: { uploads: count, concurrency: count, options: { memoryBudget: `${size}MB` } },
      contestants: ['express'],
    })),
  ),
}

const decide = {
  name: 'decide',
  title: 'Types and digests',
  text: 'The cost of looking at the first bytes of each file (`accept`), and of its SHA-256 (`digest`), beside peers that do the same. Storage responds immediately, over https.',
  figures: ['cpuPerRequest', 'requestsPerSecond', 'cpuPerGB', 'throughput'],
  repeats: 3,
  work: { secure: true },
  cases: [
    {
      name: '100 KB',
      title: '100 KB, 32 at once',
      work: { size: 100 * KB, uploads: 3000, concurrency: 32, warmUp: { uploads: 2500, concurrency: 32 } },
    },
    {
      name: '128 MB',
      title: '128 MB, two at once',
      work: { size: 128 * MB, uploads: 8, concurrency: 2, warmUp: { uploads: 2, concurrency: 2 } },
    },
  ].map(one => ({
    ...one,
    contestants: [
      ...['express', 'express-accept', 'express-digest', 'express-accept-digest'],
      ...['multer-s3', 'multer-s3-types', 'formidable', 'formidable-hash'],
    ],
  })),
}

/** One case per number of concurrent uploads. A machine with too little memory for the peers skips them. */
function atOnce(counts, memoryOfPeer) {
  return counts.map(count => ({
    name: `${count}`,
    title: `${count} at once`,
    work: { uploads: count, concurrency: count },
    contestants: ['express', 'multer-s3'],
    memoryOfPeers: count * memoryOfPeer,
  }))
}

/** In the order of the runs and of the page. */
export const measures = [bulk, small, lastByte, crowd, memoryOfUploads, memoryOfSizes, slow, budget, decide]

/** The profiles: where the CPU time goes. They run longer than the measures, so that start-up does not show. */
export const profiled = [
  {
    title: 'large files',
    measure: bulk,
    cases: ['https', 'http'],
    contestants: ['express', 'raw-proxy', 'multer-s3'],
    uploads: 16,
    figure: 'cpuPerGB',
  },
  {
    title: 'small files',
    measure: small,
    cases: ['http'],
    contestants: ['express', 'multer-s3', 'busboy'],
    uploads: 8000,
    figure: 'cpuPerRequest',
  },
]

/** The title and unit of each figure, its number of digits, and which direction is better. */
export const figures = {
  cpuPerGB: { title: 'CPU s/GB', digits: 2, better: 'less' },
  throughput: { title: 'MB/s', digits: 0, better: 'more' },
  peakRSS: { title: 'peak RSS, MB', digits: 0, better: 'less' },
  requestsPerSecond: { title: 'requests/s', digits: 0, better: 'more' },
  cpuPerRequest: { title: 'CPU ms/request', digits: 2, better: 'less' },
  p50: { title: 'p50, ms', digits: 1, better: 'less' },
  p99: { title: 'p99, ms', digits: 1, better: 'less' },
  wait: { title: 'last byte → response, ms', digits: 1, better: 'less' },
  roundTrips: { title: 'round trips', digits: 2, better: 'less' },
  fastest: { title: 'fastest, s', digits: 1, better: 'less' },
  slowest: { title: 'slowest, s', digits: 1, better: 'less' },
}
