import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Every child that has not ended yet, so that none outlives the run. */
const running = new Set()

const LAST_WORDS = 2000
const GRACE = 10_000

/**
 * Starts one of the programs of this folder as a process of its own, and returns a function for each of its
 * handlers by `ask(name, argument)`.
 */
export function startChild(program, settings, { execArgv = [], env = {} } = {}) {
  const child = fork(fileURLToPath(new URL(program, import.meta.url)), [JSON.stringify(settings)], {
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv,
    env: { ...process.env, AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED: 'true', ...env },
  })
  const pending = new Map()
  let lastWords = ''
  let questions = 0

  running.add(child)
  child.stderr.setEncoding('utf8').on('data', text => {
    lastWords = (lastWords + text).slice(-LAST_WORDS)
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
      reject(new Error(`${program} ended (${signal ?? code}): ${lastWords.trim()}`))
    }
  })

  return {
    pid: child.pid,
    ask(name, argument) {
      return new Promise((resolve, reject) => {
        if (!child.connected) return reject(new Error(`${program} has ended: ${lastWords.trim()}`))
        const id = questions++
        pending.set(id, { resolve, reject })
        child.send({ id, name, argument })
      })
    },
    async end() {
      if (!running.has(child)) return
      const ended = once(child, 'exit')
      const timer = setTimeout(() => child.kill('SIGKILL'), GRACE)
      // It ends by itself when nobody is there to ask: so a profile is written, and Ctrl-C leaves nothing behind.
      if (child.connected) child.disconnect()
      await ended
      clearTimeout(timer)
    },
  }
}

/** For the way out that has no time to wait. */
export function killChildren() {
  for (const child of running) child.kill('SIGKILL')
}
