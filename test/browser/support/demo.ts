import { type S3Server, startS3 } from 's3-upstream/testing'
import { afterAll, afterEach, beforeAll, expect } from 'vitest'
import { type Environment, killPrograms, type Program, startProgram } from '../../support/run-program.ts'
import { until } from '../../support/until.ts'

export const BUCKET = 'demo-files'
const PATH = 'examples/demo/server.ts'

/** Starts the demo with an S3 server that the tests can inspect. */
export async function useDemo(server = 'express') {
  const s3 = await startS3({ buckets: [BUCKET], storeBodies: 32 * 1024 ** 2 })
  const env: Environment = {
    AWS_REGION: s3.region,
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
    S3_BUCKET: BUCKET,
    S3_ENDPOINT: s3.endpoint,
  }
  let program: Program
  const start = async (more: Environment = {}) => {
    program = await startProgram(PATH, { ...env, ...more }, ['--server', server])
  }
  beforeAll(() => start())
  afterEach(() => s3.reset())
  afterAll(async () => {
    await program?.end()
    await killPrograms()
    await s3.close()
  })
  return {
    s3,
    get url() {
      return program.url
    },
    end: () => program.end(),
    /** Starts the demo again on the same port. */
    startAgain: () => start({ PORT: new URL(program.url).port }),
  }
}

/** Waits until S3 has no unfinished upload, then expects no object. Clean-up can end after the page shows the error. */
export async function expectNothingLeft(s3: S3Server): Promise<void> {
  await until(() => s3.uploads(BUCKET).length === 0)
  expect(s3.objects(BUCKET).map(({ key }) => key)).toEqual([])
}
