import { afterEach, describe, expect, it } from 'vitest'
import { abortStaleUploads } from '../../src/abort-stale-uploads.ts'
import { bytes, MB } from '../support/bytes.ts'
import { environmentFor } from '../support/environment.ts'
import { FORM_TYPE, filePart, formBody } from '../support/form-body.ts'
import { killPrograms, startProgram } from '../support/run-program.ts'
import { open } from '../support/send.ts'
import { BUCKET, expectNothingLeft, useStorage } from '../support/storage.ts'
import { until } from '../support/until.ts'
import { uploaders } from '../support/uploaders.ts'

const s3 = await useStorage()
afterEach(killPrograms)

describe.each(uploaders)('A server with the $name, ended by kill -9', ({ name }) => {
  it('stores nothing, and leaves only what abortStaleUploads() removes', async () => {
    const env = { UPLOADER: name, ...environmentFor(s3) }
    const server = await startProgram('test/support/kill-server.ts', env)
    const client = open(server.url, { 'content-type': FORM_TYPE, 'transfer-encoding': 'chunked' })
    const files = [filePart('a', 'a.txt', 'small'), filePart('b', 'b.bin', bytes(12 * MB))]
    client.write(formBody(files, ''))
    await until(() => s3.uploads(BUCKET).some(({ parts }) => parts.length > 0))
    expect(await server.end('SIGKILL')).toMatchObject({ code: null, signal: 'SIGKILL', stderr: '' })

    expect(s3.objects(BUCKET)).toEqual([])
    const left = s3.uploads(BUCKET).map(({ key, uploadId }) => ({ key, uploadId }))
    expect(left).toHaveLength(1)

    const stale = { client: s3.client, bucket: BUCKET }
    expect(await abortStaleUploads({ ...stale, olderThan: '1h' })).toEqual({ aborted: [], failed: [] })
    const result = await abortStaleUploads({ ...stale, olderThan: '1ms', force: true })
    expect(result).toMatchObject({ aborted: left, failed: [] })
    expectNothingLeft(s3)
  })
})
