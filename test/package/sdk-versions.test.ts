import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startS3 } from '../../testing/index.ts'
import { installProjects, type Projects, runIn } from './install.ts'

/** The oldest that package.json allows, three between, and the newest. */
const VERSIONS = ['3.600.0', '3.645.0', '3.729.0', '3.958.0', 'latest']
const NEWEST = VERSIONS.at(-1) as string

const TOOLS = [
  'https-proxy-agent-5@npm:https-proxy-agent@5',
  'https-proxy-agent-7@npm:https-proxy-agent@7',
  '@opentelemetry/api@1',
  '@opentelemetry/sdk-trace-base@2',
  '@opentelemetry/sdk-trace-node@2',
  '@opentelemetry/instrumentation-aws-sdk',
  'deno@2',
  'bun@1',
]

let projects: Projects

beforeAll(async () => {
  projects = await installProjects(
    Object.fromEntries(
      VERSIONS.map(version => [
        version,
        [
          `@aws-sdk/client-s3@${version}`,
          `@aws-sdk/lib-storage@${version}`,
          ...(version === NEWEST ? TOOLS : []),
        ],
      ]),
    ),
  )
}, 240_000)
afterAll(() => projects?.remove())

const SMALL = 10
const LARGE = 5 * 1024 * 1024 + 1

interface Uploads {
  plain: number[]
  sizes: number[]
  ifExists: number[]
  conditions: (string | null)[][]
  rollback: { failed: number; left: string[]; etag: (string | null)[][] }
}

describe.each(VERSIONS)('with version %s of the SDK', version => {
  let outcome: { partWriter: Uploads; libStorage: Uploads; failedChecks: string[] }
  beforeAll(async () => {
    outcome = (await runIn(projectOf(version), 'uploads.mjs')) as typeof outcome
  })

  it.each(['partWriter', 'libStorage'] as const)('%s stores small and large files', uploader => {
    const { plain, sizes } = outcome[uploader]
    expect(plain).toEqual([201, 201])
    expect(sizes.sort((a, b) => a - b)).toEqual([SMALL, LARGE])
  })

  it.each(['partWriter', 'libStorage'] as const)(
    "%s never replaces an object with ifExists: 'fail', and sends the conditions",
    uploader => {
      const { ifExists, conditions } = outcome[uploader]
      expect(ifExists).toEqual([201, 409])
      expect(conditions.sort()).toEqual([
        ['CompleteMultipartUpload', '*', `${LARGE}`],
        ['PutObject', '*', null],
      ])
    },
  )

  it.each(['partWriter', 'libStorage'] as const)('%s rolls back with a condition', uploader => {
    const { failed, left, etag } = outcome[uploader].rollback
    expect(failed).toBe(502)
    expect(left).toEqual([])
    expect(etag).toEqual([['DeleteObject', expect.stringMatching(/^"?[\da-f]{32}"?$/)]])
  })

  it('checkStorage sends every condition', () => {
    expect(outcome.failedChecks).toEqual([])
  })

  it('uploads with a client of the same or a newer copy, and names an older copy', async () => {
    const dirs = VERSIONS.map(name => projects.dirs[name] as string)
    const outcomes = (await runIn(projectOf(version), 'foreign-clients.mjs', dirs)) as {
      statuses: number[]
      errors: string[]
    }[]
    for (const [index, { statuses, errors }] of outcomes.entries()) {
      const works = statuses.every(status => status === 201)
      if (index >= VERSIONS.indexOf(version)) expect(statuses, VERSIONS[index]).toEqual([201, 201])
      else if (!works) expect(errors[0]).toMatch(/older copy of @aws-sdk\/client-s3.*npm ls/)
    }
    // A minor version that a workspace has left behind.
    if (version === NEWEST) expect(outcomes[0]?.statuses).toEqual([502, 502])
  })
})

describe('with the newest version of the SDK', () => {
  it('uploads with https-proxy-agent 5 and 7 run at once', async () => {
    const expected = { statuses: [201], arrived: 20, tunneled: true }
    expect(await runIn(projectOf(NEWEST), 'proxy-agents.mjs')).toEqual({
      'https-proxy-agent-5': expected,
      'https-proxy-agent-7': expected,
    })
  })

  it.each([
    ['deno', ['run', '--allow-all', '--node-modules-dir=manual']],
    ['bun', []],
  ])('uploads run in %s', async (name, args) => {
    const s3 = await startS3({ buckets: ['uploads'], requirePartChecksums: true })
    const dir = projectOf(NEWEST)
    const runtime = [join(dir, 'node_modules/.bin', name), ...args]
    expect(await runIn(dir, 'runtimes.mjs', [s3.endpoint], runtime)).toEqual({
      outcomes: [201, 201, 201, 413, 201, 201, 201, 413],
      failed: [],
    })
    expect(s3.uploads('uploads')).toEqual([])
    await s3.close()
  })

  it("uploads run under OpenTelemetry's instrumentation of the SDK", async () => {
    expect(await runIn(projectOf(NEWEST), 'open-telemetry.cjs')).toMatchObject({
      statuses: [201, 201],
      errors: [],
      spans: expect.arrayContaining(['S3.PutObject', 'S3.UploadPart', 'S3.CompleteMultipartUpload']),
    })
  })
})

function projectOf(version: string): string {
  return projects.dirs[version] as string
}
