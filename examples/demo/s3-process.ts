import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type S3Server, startS3 } from 's3-upstream/testing'

// The demo's S3 server runs in a separate process, so the page shows the memory of the upload server only.

const BUCKET = 'demo-bucket'
/** Bytes. The S3 server keeps only the size and checksums of larger files, because it stores everything in memory. */
const MAX_KEPT = 32 * 1024 ** 2

type Started = Pick<S3Server, 'endpoint' | 'region' | 'credentials'> & { bucket: string; maxKept: number }

export async function startS3Process(): Promise<Started & { end(): Promise<void> }> {
  const child = fork(fileURLToPath(import.meta.url), ['serve'])
  const [started] = (await once(child, 'message')) as [Started]
  return {
    ...started,
    async end() {
      child.disconnect()
      await once(child, 'exit')
    },
  }
}

async function serve(): Promise<void> {
  // Ctrl+C reaches both processes, but the upload server must still clean up. It disconnects when it is done.
  process.on('SIGINT', () => {}).on('SIGTERM', () => {})
  const s3 = await startS3({ buckets: [BUCKET], storeBodies: MAX_KEPT })
  process.once('disconnect', () => s3.close())
  const { endpoint, region, credentials } = s3
  process.send?.({ endpoint, region, credentials, bucket: BUCKET, maxKept: MAX_KEPT } satisfies Started)
}

if (process.argv[2] === 'serve' && process.send) await serve()
