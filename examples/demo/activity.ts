import type { ServerResponse } from 'node:http'
import { defaultMemoryBudget, type IncomingFile, type UploadProgress } from 's3-upstream'

const INTERVAL = 250

/** Counts what the server receives and stores, from `onProgress`, and streams the counts to the page. */
export class Activity {
  readonly #counts = { received: 0, stored: 0, parts: 0 }
  readonly #before = new WeakMap<IncomingFile, { received: number; stored: number }>()
  readonly #watchers = new Set<ServerResponse>()
  readonly #server: string
  #timer: NodeJS.Timeout | undefined

  constructor(server: string) {
    this.#server = server
  }

  add({ file, received, stored }: UploadProgress): void {
    const before = this.#before.get(file) ?? { received: 0, stored: 0 }
    this.#counts.received += received - before.received
    this.#counts.stored += stored - before.stored
    if (stored > before.stored) this.#counts.parts++
    this.#before.set(file, { received, stored })
  }

  /** https://html.spec.whatwg.org/multipage/server-sent-events.html */
  watch(response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' })
    this.#watchers.add(response)
    response.once('close', () => this.#leave(response))
    this.#timer ??= setInterval(() => this.#tell(), INTERVAL)
    this.#tell()
  }

  close(): void {
    for (const response of this.#watchers) response.end()
  }

  #tell(): void {
    const { size, inUse, waiting } = defaultMemoryBudget
    const state = { memory: process.memoryUsage.rss(), budget: { size, inUse, waiting } }
    const data = JSON.stringify({ server: this.#server, ...this.#counts, ...state })
    for (const response of this.#watchers) response.write(`data: ${data}\n\n`)
  }

  #leave(response: ServerResponse): void {
    this.#watchers.delete(response)
    if (this.#watchers.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}
