import type { ServerResponse } from 'node:http'
import { finished } from 'node:stream'
import type { ReadProgress } from '../memory/minimum-rate.ts'
import type { PendingResponse } from '../memory/upload-memory.ts'
import { bytesAccepted, isPending } from './reading-limit.ts'

/** Follows a response whose fields count as memory until it has been sent. */
export function pendingResponse(response: ServerResponse): PendingResponse {
  const cutOff = () => void response.destroy()
  const onEnd = (callback: () => void) => void finished(response, { readable: false }, callback)
  return { progress: new ResponseProgress(response), cutOff, onEnd }
}

/** How fast a client reads its response. Time counts between two checks that both find something to read. */
class ResponseProgress implements ReadProgress {
  readonly #response: ServerResponse
  #time = 0
  #pendingAt: number | undefined

  constructor(response: ServerResponse) {
    this.#response = response
  }

  get bytes(): number {
    return bytesAccepted(this.#response)
  }

  /** The streams of an HTTP/2 connection share its socket, so their rates are unknown. */
  get isReading(): boolean {
    return this.#response.req.httpVersionMajor < 2 && isPending(this.#response)
  }

  get readingTime(): number {
    const now = this.isReading ? performance.now() : undefined
    if (now !== undefined && this.#pendingAt !== undefined) this.#time += now - this.#pendingAt
    this.#pendingAt = now
    return this.#time
  }
}
