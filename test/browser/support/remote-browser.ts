import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { WebSocket } from 'undici'

/** A browser without an own driver in npm. It does what the scenarios need, and no more. */
export interface RemoteBrowser {
  open(url: string): Promise<void>
  /** Runs the body of an async function in the page. Its result must be JSON. */
  run(body: string): Promise<unknown>
  close(): Promise<void>
}

const SCRIPT_TIMEOUT_MS = 120_000

/** Starts Firefox, controlled with WebDriver BiDi (https://w3c.github.io/webdriver-bidi/). */
export async function startFirefox(): Promise<RemoteBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'firefox-'))
  const args = ['--headless', '--no-remote', '--profile', profile, '--remote-debugging-port=0', 'about:blank']
  const firefox = spawn('firefox-esr', args, { env: { ...process.env, HOME: profile } })
  const address = await readAddress(firefox, /WebDriver BiDi listening on (ws:\S+)/)
  const socket = new WebSocket(`${address}/session`)
  await new Promise<void>((resolve, reject) => {
    socket.onopen = () => resolve()
    socket.onerror = () => reject(new Error('Firefox does not accept a WebDriver BiDi session.'))
  })
  const send = commands(socket)
  await send('session.new', { capabilities: {} })
  const { contexts } = (await send('browsingContext.getTree', {})) as { contexts: { context: string }[] }
  const context = contexts[0]?.context

  return {
    async open(url) {
      await send('browsingContext.navigate', { context, url, wait: 'complete' })
    },
    async run(body) {
      const expression = `(async () => JSON.stringify((await (async () => {${body}})()) ?? null))()`
      const params = { expression, target: { context }, awaitPromise: true }
      const reply = (await send('script.evaluate', params)) as {
        result?: { value: string }
        exceptionDetails?: { text: string }
      }
      if (reply.result === undefined) throw new Error(reply.exceptionDetails?.text)
      return JSON.parse(reply.result.value)
    },
    async close() {
      const ended = once(firefox, 'exit')
      await send('browser.close', {}).catch(() => firefox.kill())
      socket.close()
      await ended
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

type Send = (method: string, params: object) => Promise<unknown>

function commands(socket: WebSocket): Send {
  interface Reply {
    id?: number
    result?: unknown
    message?: string
  }
  const waiting = new Map<number, (reply: Reply) => void>()
  socket.onmessage = ({ data }) => {
    const reply: Reply = JSON.parse(String(data))
    if (reply.id !== undefined) waiting.get(reply.id)?.(reply)
  }
  let id = 0
  return (method, params) =>
    new Promise((resolve, reject) => {
      id++
      waiting.set(id, ({ result, message }) => (result ? resolve(result) : reject(new Error(message))))
      socket.send(JSON.stringify({ id, method, params }))
    })
}

function readAddress(child: ChildProcess, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stderr?.setEncoding('utf8').on('data', data => {
      text += data
      const address = pattern.exec(text)?.[1]
      if (address) resolve(address)
    })
    child.on('error', reject)
    child.on('exit', code => reject(new Error(`The browser ended with code ${code}: ${text}`)))
  })
}

/** Starts WebKit (MiniBrowser), controlled with WebDriver (https://www.w3.org/TR/webdriver2/). */
export async function startWebKit(): Promise<RemoteBrowser> {
  const display = spawn('Xvfb', ['-displayfd', '1', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const [number] = await once(display.stdout, 'data')
  const port = await freePort()
  const env = { ...process.env, DISPLAY: `:${String(number).trim()}`, NO_AT_BRIDGE: '1' }
  const driver = spawn('WebKitWebDriver', ['--host=127.0.0.1', `--port=${port}`], { env, stdio: 'ignore' })
  const base = `http://127.0.0.1:${port}`
  while (!(await isReachable(`${base}/status`))) await nextTurn()
  const command = async (method: string, path: string, body?: object) => {
    const response = await fetch(base + path, { method, body: body && JSON.stringify(body) })
    const { value } = (await response.json()) as { value: { message?: string } & Record<string, unknown> }
    if (!response.ok) throw new Error(value.message)
    return value
  }
  const { sessionId } = await command('POST', '/session', { capabilities: { alwaysMatch: {} } })
  const session = `/session/${sessionId}`
  await command('POST', `${session}/timeouts`, { script: SCRIPT_TIMEOUT_MS })

  return {
    async open(url) {
      await command('POST', `${session}/url`, { url })
    },
    async run(body) {
      const script = `const done = arguments[0];
        (async () => {${body}})().then(value => done({ value: value ?? null }), error => done({ error: String(error) }))`
      const { value, error } = await command('POST', `${session}/execute/async`, { script, args: [] })
      if (error) throw new Error(String(error))
      return value
    },
    async close() {
      await command('DELETE', session)
      for (const child of [driver, display]) {
        const ended = once(child, 'exit')
        child.kill()
        await ended
      }
    },
  }
}

function isReachable(url: string): Promise<boolean> {
  return fetch(url).then(
    () => true,
    () => false,
  )
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}
