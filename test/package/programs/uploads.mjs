import { checkStorage } from 's3-upstream'
import { libStorage } from 's3-upstream/lib-storage'
import { startS3 } from 's3-upstream/testing'
import lib from './lib.cjs'

/** Uploads with both uploaders, and prints the statuses, what is stored, and the conditions that the server received. */
const SMALL = 10
const LARGE = (5 << 20) + 1

async function tryUploader(uploader) {
  const s3 = await startS3({ buckets: ['uploads'], requirePartChecksums: true })
  const route = await lib.openRoute({ client: s3.client, uploader })
  const plain = [await route.send(SMALL), await route.send(LARGE)]
  const sizes = s3.objects('uploads').map(({ size }) => size)
  route.close()
  s3.reset()

  const key = file => file.filename
  const once = await lib.openRoute({ client: s3.client, uploader, key, ifExists: 'fail' })
  const first = await once.send(SMALL, LARGE)
  const conditions = headersOf(s3, /^(PutObject|CompleteMultipartUpload)$/, [
    'if-none-match',
    'x-amz-mp-object-size',
  ])
  const second = await once.send(SMALL, LARGE)
  once.close()
  s3.reset()

  // The second object of the form fails, so the first is rolled back.
  const rollback = await lib.openRoute({ client: s3.client, uploader, key, concurrency: 1 })
  s3.fault(({ operation, key }) =>
    operation === 'PutObject' && key === '20.bin' ? { status: 403, code: 'AccessDenied' } : undefined,
  )
  const failed = await rollback.send(SMALL, 20)
  const etag = headersOf(s3, /^DeleteObject$/, ['if-match'], '10.bin')
  const left = s3.objects('uploads').map(({ key }) => key)
  rollback.close()
  await s3.close()
  return { plain, sizes, ifExists: [first, second], conditions, rollback: { failed, left, etag } }
}

function headersOf(s3, operations, names, only) {
  return s3.requests
    .filter(({ operation, key }) => operations.test(operation) && (only === undefined || key === only))
    .map(({ operation, headers }) => [operation, ...names.map(name => headers[name] ?? null)])
}

async function failedChecks() {
  const s3 = await startS3({ buckets: ['uploads'] })
  const { checks } = await checkStorage({ client: s3.client, bucket: 'uploads' })
  await s3.close()
  return checks.filter(({ ok }) => !ok).map(({ name }) => name)
}

process.stdout.write(
  JSON.stringify({
    partWriter: await tryUploader(undefined),
    libStorage: await tryUploader(libStorage()),
    failedChecks: await failedChecks(),
  }),
)
