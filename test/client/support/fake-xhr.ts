import { afterEach, beforeEach, vi } from 'vitest'

const TIMERS = ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date', 'performance'] as const

type Handler = ((event: { type: string; loaded: number; total: number }) => void) | null

/** The members of XMLHttpRequest that the helper uses. The test plays the network. */
export class FakeXhr {
  static all: FakeXhr[] = []
  upload: { onprogress: Handler; onload: Handler } = { onprogress: null, onload: null }
  onload: (() => void) | null = null
  onerror: (() => void) | null = null
  withCredentials = false
  status = 0
  responseText = ''
  method = ''
  url = ''
  requestHeaders: Record<string, string> = {}
  body = new FormData()
  aborted = false
  #headers = new Headers()
  #ended = false

  constructor() {
    FakeXhr.all.push(this)
  }

  open(method: string, url: string | URL): void {
    Object.assign(this, { method, url: String(url) })
  }

  setRequestHeader(name: string, value: string): void {
    this.requestHeaders[name] = value
  }

  send(body: FormData): void {
    this.body = body
  }

  abort(): void {
    this.aborted = !this.#ended
  }

  getResponseHeader(name: string): string | null {
    return this.#headers.get(name)
  }

  /** Reports `loaded` bytes of the body as sent. */
  sent(loaded: number, total: number): void {
    this.upload.onprogress?.({ type: 'progress', loaded, total })
  }

  allSent(total: number): void {
    this.upload.onload?.({ type: 'load', loaded: total, total })
  }

  respond(status: number, body: unknown, headers: Record<string, string> = {}): void {
    this.#ended = true
    this.#headers = new Headers(headers)
    this.status = status
    this.responseText = typeof body === 'string' ? body : JSON.stringify(body)
    this.onload?.()
  }

  networkError(): void {
    this.#ended = true
    this.onerror?.()
  }
}

/** Fakes the network and the time for each test of a file. `request(n)` waits for request number `n`. */
export function useFakeXhr(): { request(n?: number): Promise<FakeXhr>; count(): number } {
  beforeEach(() => {
    FakeXhr.all = []
    vi.stubGlobal('XMLHttpRequest', FakeXhr)
    // Not setImmediate: a server in the same process waits with it.
    vi.useFakeTimers({ toFake: [...TIMERS] })
    vi.spyOn(Math, 'random').mockReturnValue(1)
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllGlobals()
    vi.restoreAllMocks()
  })
  return {
    async request(n = 1) {
      // The helper reads files with real I/O, which fake timers do not control.
      for (let i = 0; i < 100 && FakeXhr.all.length < n; i++)
        await new Promise(resolve => realSetImmediate(resolve))
      const xhr = FakeXhr.all[n - 1]
      if (!xhr) throw new Error(`Request ${n} was not sent`)
      return xhr
    },
    count: () => FakeXhr.all.length,
  }
}

const realSetImmediate = setImmediate

export function file(name: string, size: number, type = 'image/png'): File {
  return new File([new Uint8Array(size)], name, { type })
}
