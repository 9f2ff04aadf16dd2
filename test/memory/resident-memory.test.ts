import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { startS3 } from 's3-upstream/testing'
import { expect, it } from 'vitest'
import { MB } from '../support/bytes.ts'
import { environmentFor } from '../support/environment.ts'
import { FORM_TYPE, filePart, formBody } from '../support/form-body.ts'
import { open, replyTo } from '../support/send.ts'

const SIZE = 1024 * MB

it('stores a file of 1 GiB in a process that stays below 250 MB', { timeout: 120_000 }, async () => {
  const s3 = await startS3({ buckets: ['uploads'], storeBodies: false })
  const server = spawn(process.execPath, ['--import', 'tsx', 'test/support/memory-server.ts'], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...environmentFor(s3) },
  })
  try {
    const [line] = await once(server.stdout.setEncoding('utf8'), 'data')
    const url = `http://127.0.0.1:${line.trim()}/`
    const reply = await postGibibyte(url)
    expect(reply).toMatchObject({ status: 201, json: { files: [{ size: SIZE }] } })
    expect(s3.objects('uploads')).toMatchObject([{ size: SIZE }])

    const { peakRSS } = (await (await fetch(`${url}peak`)).json()) as { peakRSS: number }
    process.stdout.write(`1 GiB through one upload: peak RSS ${Math.round(peakRSS / MB)} MB\n`)
    expect(peakRSS).toBeLessThan(250 * MB)
  } finally {
    server.kill('SIGTERM')
    await once(server, 'exit')
    await s3.close()
  }
})

async function postGibibyte(url: string) {
  const [head, tail] = formBody([filePart('film', 'film.mp4', '\0', 'video/mp4')])
    .toString()
    .split('\0') as [string, string]
  const length = head.length + SIZE + tail.length
  const client = open(url, { 'content-type': FORM_TYPE, 'content-length': `${length}` })
  const reply = replyTo(client)
  client.write(head)
  const chunk = Buffer.alloc(MB, 'film')
  for (let sent = 0; sent < SIZE; sent += chunk.length) {
    if (!client.write(chunk)) await once(client, 'drain')
  }
  client.end(tail)
  return reply
}
