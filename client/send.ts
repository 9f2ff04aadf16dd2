import { cancellable } from './cancellable.ts'
import { UploadError } from './errors.ts'
import type { Form } from './form.ts'
import { readResponse } from './read-response.ts'
import type { UploadOptions } from './types.ts'

/** Receives bytes sent and bytes in total of the request body, framing included. `allSent`: no byte is left. */
export type OnSent = (loaded: number, size: number, allSent: boolean) => void

const TICK_MS = 1000

/** Sends one request. Calls `onSent` for every progress event and every second until the promise settles. */
export function send(
  url: string | URL,
  { data }: Form,
  options: UploadOptions,
  onSent: OnSent,
): Promise<unknown> {
  const { signal, method = 'POST', headers = {}, timeout = 60_000, storingTimeout = 150_000 } = options

  return cancellable(signal, (resolve, reject) => {
    const xhr = new XMLHttpRequest()
    const { upload } = xhr
    let state: Parameters<OnSent> = [0, 0, false]
    let lastProgress = performance.now()

    function onUploadEvent({ loaded, total, type }: ProgressEvent): void {
      state = [loaded, total, type === 'load']
      lastProgress = performance.now()
      onSent(...state)
    }

    // A browser delays timers of a hidden page. The timeouts then take effect later, never earlier.
    function tick(): void {
      const allSent = state[2]
      const limit = allSent ? storingTimeout : timeout
      if (limit && performance.now() - lastProgress >= limit) {
        const message = `No ${allSent ? 'response' : 'progress'} for ${limit / 1000} seconds.`
        reject(new UploadError('TIMEOUT', message))
      } else onSent(...state)
    }

    upload.onprogress = upload.onload = onUploadEvent
    xhr.onerror = () =>
      reject(new UploadError('UNREACHABLE', 'The connection to the server failed or was lost.'))
    xhr.onload = () => {
      try {
        resolve(readResponse(xhr))
      } catch (error) {
        reject(error)
      }
    }
    xhr.open(method, url)
    xhr.withCredentials = options.withCredentials ?? false
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value)
    xhr.send(data)
    const timer = setInterval(tick, TICK_MS)

    return () => {
      clearInterval(timer)
      upload.onprogress = upload.onload = null
      xhr.abort()
    }
  })
}
