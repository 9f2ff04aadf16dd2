import { createRequire } from 'node:module'
import { join } from 'node:path'
import { startS3 } from 's3-upstream/testing'
import lib from './lib.cjs'

/** Uploads with clients from the copies of the SDK in these folders. Prints statuses and errors. */
const s3 = await startS3({ buckets: ['uploads'] })
const outcomes = []
for (const dir of process.argv.slice(2)) {
  const { S3Client } = createRequire(join(dir, 'package.json'))('@aws-sdk/client-s3')
  const { endpoint, region, credentials } = s3
  const client = new S3Client({ endpoint, region, credentials, forcePathStyle: true })
  const route = await lib.openRoute({ client })
  const statuses = [await route.send(10), await route.send((5 << 20) + 1)]
  outcomes.push({ statuses, errors: route.errors })
  route.close()
  client.destroy()
}
await s3.close()
process.stdout.write(JSON.stringify(outcomes))
