import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3'
import { mockClient } from 'aws-sdk-client-mock'
import { createMemoryBudget, streamToS3 } from 's3-upstream'
import { afterEach, describe, expect, it } from 'vitest'
import { bytes, MB } from '../support/bytes.ts'
import { filePart, formBody } from '../support/form-body.ts'
import { incoming, slices } from '../support/incoming.ts'
import { uploaders } from '../support/uploaders.ts'

const mock = mockClient(S3Client)
afterEach(() => {
  mock.reset()
})

/** Outputs as the README of aws-sdk-client-mock has them: without `$metadata`. */
describe.each(uploaders)('a mocked client with $name', ({ uploader }) => {
  const options = () => ({
    bucket: 'b',
    client: new S3Client({ region: 'us-east-1' }),
    uploader,
    key: () => 'k',
    memoryBudget: createMemoryBudget('16MB'),
  })

  const upload = (size: number, more = {}) =>
    streamToS3(incoming(slices(formBody([filePart('f', 'a.bin', bytes(size))]), 65_536)), {
      ...options(),
      ...more,
    })

  it('stores a small file', async () => {
    mock.on(PutObjectCommand).resolves({ ETag: '"1"' })
    expect((await upload(10)).files).toMatchObject([{ bucket: 'b', key: 'k', size: 10, etag: '1' }])
    expect(mock.calls()).toHaveLength(1)
  })

  it('stores a large file, and sends no request for a lost one', async () => {
    mock.on(CreateMultipartUploadCommand).resolves({ UploadId: '1' })
    mock.on(UploadPartCommand).resolves({ ETag: '"1"' })
    mock.on(CompleteMultipartUploadCommand).resolves({ ETag: '"1-9"' })
    const { files } = await upload(42 * MB)
    expect(files).toMatchObject([{ size: 42 * MB, etag: '1-9' }])
    expect(mock.calls()).toHaveLength(11)
    // Nothing says that these bytes have been sent, so their memory must not be lent again.
    const sent = mock.commandCalls(UploadPartCommand).map(({ args: [{ input }] }) => input)
    const bodies = sent
      .sort((a, b) => Number(a.PartNumber) - Number(b.PartNumber))
      .map(({ Body }) => Body as Buffer)
    expect(Buffer.concat(bodies).equals(bytes(42 * MB))).toBe(true)
  })

  it('takes an error with a status and without attempts for one attempt', async () => {
    const denied = { name: 'AccessDenied', $metadata: { httpStatusCode: 403 } }
    mock.on(PutObjectCommand).rejects(Object.assign(new Error('no'), denied))
    await expect(upload(1)).rejects.toMatchObject({ code: 'STORAGE_FAILED', leftovers: [] })
    expect(mock.calls()).toHaveLength(1)
  })

  it('names a generated key that still has versions after ten have been removed', async () => {
    const reset = { code: 'ECONNRESET', $metadata: { attempts: 1 } }
    mock.on(PutObjectCommand).rejects(Object.assign(new Error('socket hang up'), reset))
    mock.on(HeadObjectCommand).resolves({ ETag: '"1"', VersionId: 'v' })
    mock.on(DeleteObjectCommand).resolves({})
    const outcome = upload(1, { key: undefined })
    await expect(outcome).rejects.toMatchObject({
      leftovers: [{ bucket: 'b', key: expect.any(String), cause: { message: 'More than 10 versions.' } }],
    })
    expect(mock.commandCalls(DeleteObjectCommand)).toHaveLength(10)
  })

  it('removes what it has stored if the upload fails later', async () => {
    mock.on(DeleteObjectCommand).resolves({})
    const controller = new AbortController()
    mock.on(PutObjectCommand).callsFake(() => {
      controller.abort()
      return { ETag: '"1"', VersionId: 'v1' }
    })
    const outcome = upload(1, { signal: controller.signal })
    await expect(outcome).rejects.toMatchObject({ code: 'CANCELLED', leftovers: [] })
    expect(mock.commandCalls(DeleteObjectCommand)[0]?.args[0].input).toMatchObject({ VersionId: 'v1' })
  })
})
