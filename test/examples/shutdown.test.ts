import { startS3 } from 's3-upstream/testing'
import { afterAll, afterEach, expect, it } from 'vitest'
import { MB } from '../support/bytes.ts'
import { environmentFor } from '../support/environment.ts'
import { FORM_TYPE, filePart, formBody } from '../support/form-body.ts'
import { killPrograms, startProgram } from '../support/run-program.ts'
import { open, replyTo } from '../support/send.ts'
import { mp4Of, pngOf } from '../support/tiny-files.ts'
import { until } from '../support/until.ts'

const s3 = await startS3({ buckets: ['my-bucket'] })
afterEach(async () => {
  await killPrograms()
  s3.reset()
})
afterAll(() => s3.close())

const programs = ['express', 'koa', 'http', 'stream-to-s3', 'lib-storage']
const video = formBody([filePart('file', 'a.mp4', mp4Of(6 * MB), 'video/mp4')])
const picture = formBody([filePart('file', 'a.png', pngOf(6 * MB), 'image/png')])

async function begin(name: string, seconds: string) {
  // The programs accept different types; what matters here is how they end.
  const form = name === 'lib-storage' ? video : picture
  const uploaded = form.length - 100
  const program = await startProgram(`examples/${name}.ts`, {
    ...environmentFor(s3),
    SHUTDOWN_SECONDS: seconds,
  })
  const client = open(`${program.url}/upload`, {
    'content-type': FORM_TYPE,
    'content-length': `${form.length}`,
  })
  const reply = replyTo(client)
  client.write(form.subarray(0, uploaded))
  await until(() => s3.uploads('my-bucket').some(({ parts }) => parts.length > 0))
  return { program, client, reply, rest: form.subarray(uploaded) }
}

it.each(programs)('examples/%s.ts finishes what is in flight when it is told to end', async name => {
  const { program, client, reply, rest } = await begin(name, '30')
  const ended = program.end('SIGTERM')
  client.end(rest)
  expect((await reply).status).toBe(201)
  expect((await ended).code).toBe(0)
  expect(s3.objects('my-bucket')).toHaveLength(1)
})

it.each(programs)(
  'examples/%s.ts ends what is not finished at its deadline, and leaves nothing',
  async name => {
    const { program, client, reply } = await begin(name, '0.1')
    const ended = program.end('SIGTERM')
    expect((await reply).status).toBe(503)
    client.destroy()
    expect((await ended).code).toBe(0)
    expect(s3.objects('my-bucket')).toEqual([])
    expect(s3.uploads('my-bucket')).toEqual([])
  },
)
