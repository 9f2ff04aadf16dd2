import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** All children that are still running. */
const running = new Set()

const MAX_STDERR_CHARS = 2000
const EXIT_TIMEOUT_MS = 10_000

/**
 * Starts a program of this folder in its own process. `call(name, argument)` runs one of its handlers and resolves with
 * the result.
 */
export function startChild(program, settings, { execArgv = [], env = {} } = {}) {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), [JSON.stringify(settings)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv,
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true', ...env },
  })
  const pending = new Map()
  let stderrTail = ''
  let nextId = 0

  running.add(child)
  child.stderr.setEncoding('utf8').on('data', text => {
    stderrTail = (stderrTail + text).slice(-MAX_STDERR_CHARS)
  })
  child.on('message', ({ id, result, error }) => {
    const { resolve, reject } = pending.get(id)
    pending.delete(id)
    if (error === undefined) resolve(result)
    else reject(new Error(`${program}: ${error}`))
  })
  child.once('exit', (code, signal) => {
    running.delete(child)
    for (const { reject } of pending.values()) {
      reject(new Error(`${program} exited (${signal ?? code}): ${stderrTail.trim()}`))
    }
  })

  return {
    pid: child.pid,
    call(name, argument) {
      return new Promise((resolve, reject) => {
        if (!child.connected) return reject(new Error(`${program} has exited: ${stderrTail.trim()}`))
        const id = nextId++
        pending.set(id, { resolve, reject })
        child.send({ id, name, argument })
      })
    },
    async end() {
      if (!running.has(child)) return
      const exited = once(child, 'exit')
      const timer = setTimeout(() => child.kill('SIGKILL'), EXIT_TIMEOUT_MS)
      // The child exits by itself on disconnect, so Node can write its profile. This also works after Ctrl-C.
      if (child.connected) child.disconnect()
      await exited
      clearTimeout(timer)
    },
  }
}

/** Kills all children, for an exit that cannot wait. */
export function killChildren() {
  for (const child of running) child.kill('SIGKILL')
}
