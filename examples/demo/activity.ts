import type { ServerResponse } from 'node:http'
import { defaultMemoryBudget, type IncomingFile, type UploadContext, type UploadProgress } from 's3-upstream'

const INTERVAL = 250

type Request = UploadContext['request']

/**
 * Counts what the server receives and stores, from `onProgress`, and streams the counts to the page. Both counts are about
 * the same files: those that are stored or may still be. A failed upload leaves both.
 */
export class Activity {
  readonly #counts = { received: 0, stored: 0, parts: 0 }
  readonly #before = new WeakMap<IncomingFile, UploadProgress>()
  readonly #uploads = new WeakMap<Request, { received: number; stored: number; parts: number }>()
  readonly #watchers = new Set<ServerResponse>()
  readonly #server: string
  #timer: NodeJS.Timeout | undefined

  constructor(server: string) {
    this.#server = server
  }

  add(progress: UploadProgress, request: Request): void {
    const { file, received, stored } = progress
    const before = this.#before.get(file) ?? { received: 0, stored: 0 }
    const upload = this.#uploads.get(request) ?? { received: 0, stored: 0, parts: 0 }
    this.#before.set(file, progress)
    this.#uploads.set(request, upload)
    for (const counts of [this.#counts, upload]) {
      counts.received += received - before.received
      counts.stored += stored - before.stored
      if (stored > before.stored) counts.parts++
    }
  }

  /** Takes the bytes of a failed upload out of the counts. */
  discard(request: Request): void {
    const { received, stored, parts } = this.#uploads.get(request) ?? { received: 0, stored: 0, parts: 0 }
    this.#counts.received -= received
    this.#counts.stored -= stored
    this.#counts.parts -= parts
    this.#uploads.delete(request)
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
