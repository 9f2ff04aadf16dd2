import { S3Client } from '@aws-sdk/client-s3'
import { checkStorage } from 's3-upstream'
import { libStorage } from 's3-upstream/lib-storage'
import lib from './lib.cjs'

/** Uploads to the S3 server at this endpoint. Prints statuses, errors, and checks that failed. */
const credentials = { accessKeyId: 'test', secretAccessKey: 'test-secret' }
const [endpoint] = process.argv.slice(2)
const client = new S3Client({ endpoint, region: 'us-east-1', credentials, forcePathStyle: true })
const outcomes = []
for (const uploader of [undefined, libStorage()]) {
  const route = await lib.openRoute({ client, uploader, maxFileSize: '7MB' })
  for (const size of [10, 70_000, 6 << 20, 8 << 20]) outcomes.push(await route.send(size))
  route.close()
}
const { checks } = await checkStorage({ client, bucket: 'uploads' })
process.stdout.write(JSON.stringify({ outcomes, failed: checks.filter(({ ok }) => !ok) }))
process.exit()
