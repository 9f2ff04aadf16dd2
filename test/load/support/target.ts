import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { type S3Server, startS3 } from 's3-upstream/testing'
import { onTestFinished } from 'vitest'
import { environmentFor } from '../../support/environment.ts'
import type { ServerOptions, ServerState } from './server.ts'

const SERVER = fileURLToPath(new URL('./server.ts', import.meta.url))

/** An upload server in a process of its own. Its clients and its S3 are in this process. */
export interface Target {
  url: string
  port: number
  s3: S3Server
  state(): Promise<ServerState>
}

/** Starts a server, which ends with the test. */
export async function startTarget(options: ServerOptions = {}): Promise<Target> {
  const s3 = await startS3({ buckets: ['uploads'], storeBodies: false })
  const child = fork(SERVER, [JSON.stringify(options)], {
    execArgv: ['--import', 'tsx'],
    env: { ...process.env, ...environmentFor(s3) },
  })
  onTestFinished(async () => {
    await end(child)
    await s3.close()
  })
  const port = await message<number>(child)
  return {
    url: `http://127.0.0.1:${port}/`,
    port,
    s3,
    state() {
      child.send('state')
      return message<ServerState>(child)
    },
  }
}

async function message<T>(child: ChildProcess): Promise<T> {
  const exit = once(child, 'exit').then(([code, signal]) => {
    throw new Error(`The server has died: ${code ?? signal}`)
  })
  const [value] = await Promise.race([once(child, 'message'), exit])
  return value
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  child.kill('SIGKILL')
  await once(child, 'exit')
}
