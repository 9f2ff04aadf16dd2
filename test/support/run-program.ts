import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const ADDRESS = /^Listening on (http:\S+)$/m

export interface Ending {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

export interface Program {
  /** Where it listens, without a slash at the end. */
  url: string
  readonly stdout: string
  readonly stderr: string
  /** Sends the signal and waits for the end. @default 'SIGTERM' */
  end(signal?: NodeJS.Signals): Promise<Ending>
}

export type Environment = Record<string, string>

const running = new Set<ChildProcess>()

/** Ends what a failed test left running. For `afterEach` or `afterAll`. */
export async function killPrograms(): Promise<void> {
  const ends = [...running].map(child => once(child, 'exit'))
  for (const child of running) child.kill('SIGKILL')
  await Promise.all(ends)
}

/** Starts a TypeScript program of this repository and waits until it says where it listens. */
export async function startProgram(path: string, env: Environment, args: string[] = []): Promise<Program> {
  const { child, ended, output } = spawnProgram(path, env, args)
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.on('data', () => {
      const address = ADDRESS.exec(output.stdout)?.[1]
      if (address) resolve(address)
    })
    ended.then(ending => reject(new Error(`${path} ended: ${JSON.stringify(ending)}`)), reject)
  })
  return {
    url,
    get stdout() {
      return output.stdout
    },
    get stderr() {
      return output.stderr
    },
    end(signal = 'SIGTERM') {
      child.kill(signal)
      return ended
    },
  }
}

/** Runs a program that is expected to end by itself. */
export function runProgram(path: string, env: Environment, args: string[] = []): Promise<Ending> {
  return spawnProgram(path, env, args).ended
}

function spawnProgram(path: string, env: Environment, args: string[] = []) {
  const child = spawn(process.execPath, ['--import', 'tsx', path, ...args], {
    cwd: ROOT,
    // No more of our own environment: it may name another S3, or other credentials.
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      PORT: '0',
      AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.add(child)
  child.once('exit', () => running.delete(child))

  const output = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', text => {
    output.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    output.stderr += text
  })
  const ended = once(child, 'close').then(([code, signal]): Ending => ({ code, signal, ...output }))
  return { child, ended, output }
}
